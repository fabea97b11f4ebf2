package dialect

import (
	"slices"
	"strings"
	"time"

	"quantrac/ingest"
)

// Flat JSON: one object whose members are the values, numbers or texts that hold numbers, as ThingsBoard devices and small
// Android gateways write it, or the same under "data", with or without time and station:
//
//	{"pH": "7.01", "cod": "31.6", "tss": "14.2"}
//	{"station": "KCN01", "time": "2026-09-01 08:05:00", "COD": 42.5}
//	{"deviceName": "KCN01", "ts": 1788224700000, "data": {"COD": {"v": 42.5, "u": "mg/L", "st": "00"}}}

// flatStation and flatTime are the members that say where and when; flatOther are known not to be values.
var (
	flatStation = []string{"station", "deviceName", "device", "device_id", "deviceId", "devEui", "devEUI", "MN", "esp8266id", "bn"}
	flatTime    = []string{"measured_at", "ts", "time", "Time", "timestamp", "datetime", "DataTime", "t"}
	flatOther   = []string{"sequence", "seq", "status", "unit", "name", "version", "software_version", "values", "data", "Values", "object"}
	// flatInner may hold the values instead.
	flatInner = []string{"data", "Values", "object"}
)

func isFlatValue(v *value) bool {
	if v.key == "t" {
		return !isTimeLike(v)
	}
	if slices.Contains(flatStation, v.key) || slices.Contains(flatTime, v.key) || slices.Contains(flatOther, v.key) {
		return false
	}
	switch v.kind {
	case kindNumber, kindNaN, kindString, kindNull:
		return true
	case kindArray:
		return len(v.items) == 1 && v.items[0].kind != kindObject && v.items[0].kind != kindArray
	}
	return first(v, tagValues...) != nil
}

// isTimeLike tells a time from a temperature, which some devices call "t" as well.
func isTimeLike(v *value) bool {
	const early = 1e9 // epoch seconds in 2001
	if f, ok := numberOf(v.text); ok {
		return f == 0 && v.kind == kindNumber && v.text == "0" || f >= early
	}
	return v.kind == kindString
}

// innerValues is the object under which a message keeps its values, nil when they are its own members.
func innerValues(m *value) *value {
	for _, name := range flatInner {
		if inner := m.member(name); isObject(inner) {
			return inner
		}
	}
	return nil
}

func recogniseFlat(doc *document) bool {
	return every(doc.json, func(m *value) bool {
		if m.member("values") != nil {
			return false
		}
		if innerValues(m) != nil {
			return true
		}
		return slices.ContainsFunc(m.items, func(v value) bool { return isFlatValue(&v) })
	})
}

func decodeFlat(doc *document) ingest.Decoded {
	var c collector
	for i, m := range c.objects(doc.json) {
		at, ok := c.flatTime(m, i)
		if !ok {
			continue
		}
		base := assumed(i, at)
		base.Station = strings.TrimSpace(stringOf(first(m, flatStation...)))
		if status, said := statusOf(m.member("status")); said {
			base.Status, base.Flags = status, 0
		}
		if sequence, ok := wholeNumber(first(m, "sequence", "seq")); ok {
			c.out.Marks = append(c.out.Marks, ingest.Mark{Index: i, Station: base.Station, Sequence: sequence, MeasuredAt: at})
		}
		values := m
		if inner := innerValues(m); inner != nil {
			values = inner
		}
		for k := range values.items {
			if v := &values.items[k]; values != m || isFlatValue(v) {
				c.add(base, v.key, v)
			}
		}
	}
	return c.out
}

func (c *collector) flatTime(m *value, index int) (time.Time, bool) {
	if t := m.member("t"); t != nil && !isTimeLike(t) {
		return c.time(m, index, flatTime[:len(flatTime)-1]...) // "t" is its last
	}
	return c.time(m, index, flatTime...)
}
