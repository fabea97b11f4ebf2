package dialect

import (
	"bytes"
	"strings"
	"time"

	"quantrac/ingest"
)

// One value per topic, as Moxa ioThinx ({device}/read/{module@channel}/aiValueScaled), Telegraf's layout "field" and OpenRemote
// (…/writeattributevalue/{attribute}/{asset}) publish it: a bare number, or a text that holds one. The name comes from the
// topic: its last level, or the one before a level that only says what kind of value it is. {"value": 42.5, "timestamp": …}
// is the same with a time.

var valueKinds = map[string]bool{
	"aivaluescaled": true, "aivalue": true, "aistatus": true, "rtdvaluescaled": true, "tcvaluescaled": true, "dicountervalue": true, "value": true, "state": true,
}

func recogniseSingle(doc *document) bool {
	if doc.delivery.Topic == "" {
		return false
	}
	if doc.json != nil && doc.json.kind == kindObject {
		return doc.json.member("value") != nil && doc.json.member("values") == nil && first(doc.json, "name", "tag") == nil
	}
	_, ok := singleValue(doc)
	return ok
}

func singleValue(doc *document) (*value, bool) {
	if doc.json != nil {
		switch doc.json.kind {
		case kindNumber, kindNaN:
			return doc.json, true
		case kindString:
			_, ok := numberOf(doc.json.text)
			return doc.json, ok
		}
		return nil, false
	}
	text := string(bytes.TrimSpace(doc.delivery.Body))
	if _, ok := numberOf(text); !ok {
		return nil, false
	}
	return textValue(text), true
}

func decodeSingle(doc *document) ingest.Decoded {
	var c collector
	v, ok := singleValue(doc)
	base := assumed(0, time.Time{})
	if !ok {
		v = doc.json
		if base.MeasuredAt, ok = c.time(v, 0, "timestamp", "ts", "time", "measured_at"); !ok {
			return c.out
		}
	}
	c.add(base, nameOfTopic(doc.delivery.Topic), v)
	return c.out
}

func nameOfTopic(topic string) string {
	levels := strings.Split(strings.Trim(topic, "/"), "/")
	n := len(levels)
	for i, level := range levels {
		if (level == "writeattributevalue" || level == "writeattribute") && i+1 < n {
			return levels[i+1]
		}
	}
	if n > 1 && valueKinds[strings.ToLower(levels[n-1])] {
		n--
	}
	name := levels[n-1]
	if _, channel, ok := strings.Cut(name, "@"); ok {
		return channel
	}
	return name
}
