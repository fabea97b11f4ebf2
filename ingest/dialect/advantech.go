package dialect

import (
	"strings"

	"quantrac/ingest"
)

// Advantech, both shapes: EdgeLink and ECU write tags of the form DEVICE_PARAMETER or device:parameter, WISE and ADAM modules
// their channels:
//
//	{"d": [{"tag": "NT01_COD", "value": 31.60}, …], "ts": "2026-09-01T01:05:00+0000"}
//	{"s": 1, "t": "2026-09-01T01:05:00Z", "q": 192, "c": 1, "ai1": 1.23, "ai_st1": 1, "di1": false, …}
//
// t may be 0: the module has no clock. q 192 is good, anything else a fault; ai_st 0 is a disabled input.

func recogniseEdgeLink(doc *document) bool {
	return every(doc.json, func(m *value) bool {
		d := m.member("d")
		return isArray(d) && (len(d.items) == 0 || first(&d.items[0], "tag", "name") != nil)
	})
}

func decodeEdgeLink(doc *document) ingest.Decoded {
	var c collector
	for i, m := range c.objects(doc.json) {
		at, ok := c.time(m, i, "ts", "timestamp", "t")
		if ok {
			c.tagged(assumed(i, at), m.member("d"))
		}
	}
	return c.out
}

const goodQuality = "192"

func recogniseWISE(doc *document) bool {
	return every(doc.json, func(m *value) bool { return m.member("q") != nil && m.member("t") != nil && m.member("s") != nil })
}

func decodeWISE(doc *document) ingest.Decoded {
	var c collector
	for i, m := range c.objects(doc.json) {
		at, ok := c.time(m, i, "t")
		if !ok {
			continue
		}
		base := ingest.Item{Index: i, MeasuredAt: at}
		if m.member("q").text != goodQuality {
			base.Status = ingest.Fault
		}
		for k := range m.items {
			v := &m.items[k]
			channel, isAnalog := strings.CutPrefix(v.key, "ai")
			if !isAnalog || strings.HasPrefix(channel, "_") || v.kind == kindBool {
				continue
			}
			it := base
			if st := m.member("ai_st" + channel); st != nil && st.text == "0" {
				it.Status = ingest.Fault
			}
			c.add(it, v.key, v)
		}
	}
	return c.out
}
