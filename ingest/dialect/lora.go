package dialect

import "quantrac/ingest"

// LoRaWAN network servers: ChirpStack v4 (topic application/ID/device/DEVEUI/event/up) and Milesight gateways:
//
//	{"deduplicationId": "…", "time": "…Z", "deviceInfo": {"deviceName": "Outfall 1", "devEui": "0101…"}, "object": {"pH": 7.1}, …}
//	{"devEUI": "24e124…", "deviceName": "EM500", "time": "…Z", "object": {"modbus_chn_1": 7.42, "modbus_chn_1_alarm": "…"}}
//
// "object" is there only when the server decodes the payload; without it the delivery has no values. The station is the
// device's name, or its EUI.

func recogniseLoRa(doc *document) bool {
	return every(doc.json, func(m *value) bool {
		return m.member("deduplicationId") != nil || isObject(m.member("deviceInfo")) ||
			first(m, "devEUI", "devEui") != nil && first(m, "object", "data", "fPort") != nil
	})
}

func decodeLoRa(doc *document) ingest.Decoded {
	var c collector
	for i, m := range c.objects(doc.json) {
		c.lora(m, i)
	}
	return c.out
}

func (c *collector) lora(m *value, index int) {
	object := m.member("object")
	if !isObject(object) {
		c.reject(index, ingest.ReasonNoValues, `byte %d: no "object": the network server has no codec for this device`, m.offset)
		return
	}
	at, ok := c.time(m, index, "time")
	if !ok {
		return
	}
	base := assumed(index, at)
	info := m
	if inner := m.member("deviceInfo"); isObject(inner) {
		info = inner
	}
	base.Station = stringOf(info.member("deviceName"))
	// A device without a name of its own is known by its EUI; which of the two a registry names cannot be known here, so
	// the name goes first and the EUI stands in where there is none.
	if base.Station == "" {
		base.Station = stringOf(first(info, "devEui", "devEUI"))
	}
	for i := range object.items {
		if v := &object.items[i]; v.kind == kindNumber || v.kind == kindNaN || v.kind == kindObject {
			c.add(base, v.key, v)
		} else if f, ok := numberOf(v.text); ok && v.kind == kindString {
			it := base
			it.Name, it.Value = v.key, f
			c.out.Items = append(c.out.Items, it)
		}
	}
}
