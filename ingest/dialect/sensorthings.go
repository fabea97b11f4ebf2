package dialect

import (
	"strings"

	"quantrac/ingest"
)

// OGC SensorThings 1.1: an observation, published to v1.1/Datastreams(ID)/Observations or v1.1/Observations, and the
// DataArray extension:
//
//	{"phenomenonTime": "2026-09-01T01:05:00Z", "result": 42.5, "resultQuality": "good", "Datastream": {"@iot.id": 1}}
//	[{"Datastream": {"@iot.id": 1}, "components": ["phenomenonTime", "result"], "dataArray": [["…Z", 1.2], ["…Z", 1.3]]}]
//
// An observation seldom names its parameter: "datastream ID" stands in the place of the name, for a registry to map. A
// phenomenonTime that is an interval counts by its end.

func recogniseSensorThings(doc *document) bool {
	return every(doc.json, func(m *value) bool {
		return isArray(m.member("dataArray")) || m.member("result") != nil &&
			(strings.HasSuffix(doc.delivery.Topic, "Observations") || first(m, "phenomenonTime", "resultTime", "Datastream") != nil)
	})
}

func decodeSensorThings(doc *document) ingest.Decoded {
	var c collector
	index := 0
	for _, m := range c.objects(doc.json) {
		name := datastream(m, doc.delivery.Topic)
		if rows := m.member("dataArray"); isArray(rows) {
			index = c.dataArray(m, rows, name, index)
			continue
		}
		c.observation(m, m.member("result"), name, index)
		index++
	}
	return c.out
}

func datastream(m *value, topic string) string {
	stream := m.member("Datastream")
	if name := stringOf(first(stream.member("ObservedProperty"), "name")); name != "" {
		return name
	}
	if name := stringOf(stream.member("name")); name != "" {
		return name
	}
	if id := stream.member("@iot.id"); id != nil {
		return "datastream " + stringOf(id)
	}
	if _, rest, ok := strings.Cut(topic, "Datastreams("); ok {
		if id, _, ok := strings.Cut(rest, ")"); ok {
			return "datastream " + strings.Trim(id, "'")
		}
	}
	return "datastream"
}

func (c *collector) observation(m, result *value, name string, index int) {
	at, ok := c.intervalTime(first(m, "phenomenonTime", "resultTime"), index)
	if !ok {
		return
	}
	base := assumed(index, at)
	switch quality := stringOf(m.member("resultQuality")); quality {
	case "":
		if status, said := statusOf(m.member("parameters").member("status")); said {
			base.Status, base.Flags = status, 0
		}
	case "good":
		base.Flags = 0
	case "bad":
		base.Status, base.Flags = ingest.Fault, 0
	default:
		base.Status, base.Flags = ingest.Other, 0
	}
	c.add(base, name, result)
}

func (c *collector) dataArray(m, rows *value, name string, index int) int {
	timeAt, resultAt := -1, -1
	if components := m.member("components"); isArray(components) {
		for i := range components.items {
			switch stringOf(&components.items[i]) {
			case "phenomenonTime":
				timeAt = i
			case "result":
				resultAt = i
			}
		}
	}
	for i := range rows.items {
		row := &rows.items[i]
		if row.kind != kindArray || resultAt < 0 || resultAt >= len(row.items) {
			c.reject(index, ingest.ReasonUndecodable, "byte %d: a row without its result", row.offset)
			index++
			continue
		}
		var when *value
		if timeAt >= 0 && timeAt < len(row.items) {
			when = &row.items[timeAt]
		}
		if at, ok := c.intervalTime(when, index); ok {
			c.add(assumed(index, at), name, &row.items[resultAt])
		}
		index++
	}
	return index
}
