package dialect

import "quantrac/ingest"

// ThingsBoard, as a device (v1/devices/me/telemetry) or as a gateway (v1/gateway/telemetry):
//
//	{"ts": 1788224700000, "values": {"pH": 7.1}}      or an array of these
//	{"Device A": [{"ts": 1788224700000, "values": {"COD": 42}}], "Device B": [...]}
//
// A gateway may leave out "ts" and "values". Its third form, the flat object, is the dialect "flat". The device's name is the station.

func recogniseThingsBoard(doc *document) bool {
	return every(doc.json, func(m *value) bool {
		return m.member("ts") != nil && isObject(m.member("values")) && m.member("node") == nil
	})
}

func decodeThingsBoard(doc *document) ingest.Decoded {
	var c collector
	for i, m := range c.objects(doc.json) {
		c.thingsBoard(m, i, "")
	}
	return c.out
}

func (c *collector) thingsBoard(m *value, index int, station string) {
	at, ok := c.time(m, index, "ts")
	if !ok {
		return
	}
	base := assumed(index, at)
	base.Station = station
	if values := m.member("values"); isObject(values) {
		c.members(base, values)
		return
	}
	c.members(base, m, "ts")
}

func recogniseThingsBoardGateway(doc *document) bool {
	if !isObject(doc.json) || len(doc.json.items) == 0 {
		return false
	}
	for i := range doc.json.items {
		list := &doc.json.items[i]
		if !isArray(list) || len(list.items) == 0 || !isObject(&list.items[0]) || isTagged(list) {
			return false
		}
	}
	return true
}

func decodeThingsBoardGateway(doc *document) ingest.Decoded {
	var c collector
	index := 0
	for i := range doc.json.items {
		device := &doc.json.items[i]
		for _, m := range c.objects(device) {
			c.thingsBoard(m, index, device.key)
			index++
		}
	}
	return c.out
}
