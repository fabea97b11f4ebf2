package dialect

import (
	"slices"
	"strings"

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
	flatStation = []string{"station", "deviceName", "device", "device_id", "deviceId", "devEui", "devEUI", "MN"}
	flatTime    = []string{"measured_at", "ts", "time", "Time", "timestamp", "datetime", "DataTime", "t"}
	flatOther   = []string{"sequence", "seq", "status", "unit", "name", "version", "values", "data"}
)

func isFlatValue(v *value) bool {
	if slices.Contains(flatStation, v.key) || slices.Contains(flatTime, v.key) || slices.Contains(flatOther, v.key) {
		return false
	}
	return v.kind == kindNumber || v.kind == kindNaN || v.kind == kindString || v.kind == kindNull || v.kind == kindObject && first(v, "value", "v") != nil
}

func recogniseFlat(doc *document) bool {
	return every(doc.json, func(m *value) bool {
		if m.member("values") != nil {
			return false
		}
		if isObject(m.member("data")) {
			return true
		}
		return slices.ContainsFunc(m.items, func(v value) bool { return isFlatValue(&v) })
	})
}

func decodeFlat(doc *document) ingest.Decoded {
	var c collector
	for i, m := range c.objects(doc.json) {
		at, ok := c.time(m, i, flatTime...)
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
		if data := m.member("data"); isObject(data) {
			values = data
		}
		for k := range values.items {
			if v := &values.items[k]; values != m || isFlatValue(v) {
				c.add(base, v.key, v)
			}
		}
	}
	return c.out
}
