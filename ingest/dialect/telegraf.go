package dialect

import "quantrac/ingest"

// Telegraf's JSON serializer, alone or in a batch, with times in seconds unless the agent is told otherwise:
//
//	{"fields": {"COD": 42.5, "pH": 7.1}, "name": "discharge", "tags": {"station": "KCN01"}, "timestamp": 1788224700}
//	{"metrics": [{"fields": …}, …]}
//
// The tag "station", else "device", "host" or "name" in that order, is the station.

func isTelegraf(m *value) bool { return isObject(m.member("fields")) }

func recogniseTelegraf(doc *document) bool {
	return every(doc.json, func(m *value) bool {
		list := m.member("metrics")
		return isTelegraf(m) || isArray(list) && len(list.items) > 0 && isTelegraf(&list.items[0])
	})
}

func decodeTelegraf(doc *document) ingest.Decoded {
	var c collector
	index := 0
	for _, m := range c.objects(doc.json) {
		metrics := []*value{m}
		if list := m.member("metrics"); isArray(list) {
			metrics = c.objects(list)
		}
		for _, metric := range metrics {
			at, ok := c.time(metric, index, "timestamp")
			if fields := metric.member("fields"); ok && isObject(fields) {
				base := assumed(index, at)
				base.Station = stationOfTags(func(name string) string { return stringOf(metric.member("tags").member(name)) })
				c.members(base, fields)
			}
			index++
		}
	}
	return c.out
}

func stationOfTags(tag func(name string) string) string {
	for _, name := range []string{"station", "device", "host", "name"} {
		if s := tag(name); s != "" {
			return s
		}
	}
	return ""
}
