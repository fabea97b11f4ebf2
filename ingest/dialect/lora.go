package dialect

import (
	"slices"
	"strings"

	"quantrac/ingest"
)

// LoRaWAN network servers: ChirpStack v4 (topic application/ID/device/DEVEUI/event/up) and Milesight gateways:
//
//	{"deduplicationId": "…", "time": "…Z", "deviceInfo": {"deviceName": "Outfall 1", "devEui": "0101…"}, "object": {"pH": 7.1}, …}
//	{"devEUI": "24e124…", "deviceName": "EM500", "time": "…Z", "object": {"modbus_chn_1": 7.42, "modbus_chn_1_alarm": "…"}}
//
// "object" is there only when the server decodes the payload; some write what it holds beside the envelope instead. Without
// either the delivery has no values. The station is the device's name, or its EUI.

// loraEnvelope are the members that a network server adds.
var loraEnvelope = []string{
	"applicationID", "applicationId", "applicationName", "data", "devEUI", "devEui", "deviceName", "fCnt", "fPort", "rxInfo", "txInfo",
	"time", "gatewayTime", "metadata", "adr", "dr", "confirmed", "devAddr", "deduplicationId", "deviceInfo", "tags", "object", "timestamp",
	"deviceProfileID", "deviceProfileName", "battery", "rssi", "snr", "cellularIP", "regionConfigId", "margin", "batteryLevel", "externalPowerSource",
	"batteryLevelUnavailable", "downlinkId", "queueItemId", "fCntDown", "gatewayId", "acknowledged", "level", "code", "description", "context", "location",
}

func recogniseLoRa(doc *document) bool {
	return every(doc.json, func(m *value) bool {
		return m.member("deduplicationId") != nil || isObject(m.member("deviceInfo")) ||
			first(m, "devEUI", "devEui") != nil && first(m, "object", "data", "fPort", "fCnt") != nil
	})
}

func decodeLoRa(doc *document) ingest.Decoded {
	var c collector
	if event := chirpStackEvent(doc.delivery.Topic); event != "" && event != "up" {
		c.reject(0, ingest.ReasonNoValues, "an event %q of ChirpStack carries no readings", clip(event))
		return c.out
	}
	for i, m := range c.objects(doc.json) {
		c.lora(m, i)
	}
	return c.out
}

func (c *collector) lora(m *value, index int) {
	values := loraValues(m)
	if len(values) == 0 {
		c.reject(index, ingest.ReasonNoValues, `byte %d: no "object": the network server has no codec for this device`, m.offset)
		return
	}
	at, ok := c.time(m, index, "time", "timestamp")
	if !ok {
		return
	}
	base := assumed(index, at)
	info := m
	if inner := m.member("deviceInfo"); isObject(inner) {
		info = inner
	}
	// A device without a name of its own is known by its EUI; which of the two a registry names cannot be known here, so
	// the name goes first and the EUI stands in where there is none.
	base.Station = strings.TrimSpace(stringOf(info.member("deviceName")))
	if base.Station == "" {
		base.Station = stringOf(first(info, "devEui", "devEUI"))
	}
	for _, v := range values {
		if strings.HasSuffix(v.key, "_alarm") {
			continue // a text beside the channel that it speaks of
		}
		c.add(base, v.key, v)
	}
}

// loraValues are the members that a codec made.
func loraValues(m *value) []*value {
	from := m
	if object := m.member("object"); object != nil {
		if from = object; !isObject(object) {
			return nil
		}
	}
	values := make([]*value, 0, len(from.items))
	for i := range from.items {
		if v := &from.items[i]; from != m || v.kind != kindString && !slices.Contains(loraEnvelope, v.key) {
			values = append(values, v)
		}
	}
	return values
}
