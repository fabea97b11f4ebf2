package dialect

import (
	"strconv"
	"strings"
)

// spDatatypes are the names of the datatypes that change how a value is read; of the others the value itself speaks.
var spDatatypes = map[string]uint64{
	"boolean": spBoolean, "datetime": spDateTime, "uuid": spUUID, "bytes": spBytes, "file": spFile,
}

// isSparkplugJSON tells the JSON form from other lists under "metrics": Telegraf's hold fields, plain ones know no datatype.
func isSparkplugJSON(doc *value) bool {
	list := doc.member("metrics")
	if !isArray(list) || len(list.items) == 0 {
		return false
	}
	m := &list.items[0]
	if !isObject(m) || m.member("fields") != nil || first(m, "name", "alias") == nil {
		return false
	}
	return doc.member("seq") != nil || first(m, "dataType", "datatype", "alias", "is_null", "isNull") != nil
}

func spPayloadOfJSON(doc *value) spPayload {
	var p spPayload
	p.timestamp, _ = wholeNumber(doc.member("timestamp"))
	p.seq, p.numbered = wholeNumber(doc.member("seq"))
	if list := doc.member("metrics"); isArray(list) {
		p.objects = list.items
	}
	return p
}

func spMetricOf(v *value) spMetric {
	m := spMetric{name: stringOf(v.member("name")), given: v.member("value")}
	m.alias, m.hasAlias = wholeNumber(v.member("alias"))
	m.timestamp, _ = wholeNumber(v.member("timestamp"))
	m.historical = isTrue(first(v, "is_historical", "isHistorical"))
	m.null = isTrue(first(v, "is_null", "isNull"))
	if kind := first(v, "dataType", "datatype", "type"); kind != nil {
		m.datatype = spDatatypes[strings.ToLower(kind.text)]
		if n, ok := wholeNumber(kind); ok {
			m.datatype = n
		}
	}
	properties := v.member("properties")
	if q := propertyValue(properties.member("Quality")); q != nil {
		if n, err := strconv.ParseInt(strings.TrimSpace(q.text), 10, 64); err == nil {
			m.quality, m.hasQuality = n, true
		}
	}
	if !isObject(properties) {
		return m
	}
	for i := range properties.items {
		if p := &properties.items[i]; isUnitProperty(p.key) {
			m.unit = clip(stringOf(propertyValue(p)))
		}
	}
	return m
}

func isTrue(v *value) bool { return v != nil && v.kind == kindBool && v.text == "true" }

// propertyValue is a property's value, given bare or as {"type": …, "value": …}.
func propertyValue(v *value) *value {
	if inner := v.member("value"); inner != nil {
		return inner
	}
	return v
}
