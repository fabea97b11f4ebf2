package dialect

import (
	"bytes"
	"strings"
	"time"

	"quantrac/ingest"
)

// One value per topic, as Moxa ioThinx ({device}/read/{module@channel}/aiValueScaled), Telegraf's layout "field" and OpenRemote
// (…/writeattributevalue/{attribute}/{asset}) publish it: a bare number, a text that holds one, or what devices write in its
// place. The name comes from the topic: its last level, or the one before a level that only says what kind of value it is.
// {"value": 42.5, "timestamp": …} is the same with a time, as is {"aiValueScaled": 42.5} under a topic that ends so. The
// state of a channel (aiStatus) is no value of it.

// valueKinds are the last levels that say what kind of value a topic has.
var valueKinds = map[string]bool{
	"aivaluescaled": true, "aivalue": true, "aivaluescaledaverage": true, "rtdvaluescaled": true, "rtdvalue": true, "tcvaluescaled": true,
	"tcvalue": true, "dicountervalue": true, "value": true, "state": true,
}

// statusKinds are those of the state of a channel.
var statusKinds = map[string]bool{
	"aistatus": true, "distatus": true, "dostatus": true, "rtdstatus": true, "tcstatus": true, "relaystatus": true, "dicounterstatus": true,
}

func recogniseSingle(doc *document) bool {
	if doc.delivery.Topic == "" || isFileName(doc.delivery.Topic) {
		return false
	}
	_, ok := singleValue(doc)
	return ok
}

// isFileName keeps the name of a file, which comes as a topic, from naming a parameter.
func isFileName(topic string) bool { return isCircularFile(topic) || strings.HasSuffix(topic, ".json") }

// singleValue finds the value in the body; in an object it may have a time beside it.
func singleValue(doc *document) (*value, bool) {
	if doc.json == nil {
		const longest = 32
		text := string(bytes.TrimSpace(doc.delivery.Body))
		if _, ok := numberOf(text); !ok && (len(text) > longest || !isNoNumber(text)) {
			return nil, false
		}
		return textValue(text), true
	}
	switch m := doc.json; m.kind {
	case kindNumber, kindNaN, kindNull:
		return m, true
	case kindString:
		_, ok := numberOf(m.text)
		return m, ok || isNoNumber(m.text)
	case kindObject:
		if m.member("values") == nil && first(m, "name", "tag") == nil && m.member("value") != nil {
			return m, true
		}
		last := lastLevel(doc.delivery.Topic)
		if kind := strings.ToLower(last); (valueKinds[kind] || statusKinds[kind]) && m.member(last) != nil {
			return m.member(last), true
		}
	}
	return nil, false
}

func decodeSingle(doc *document) ingest.Decoded {
	var c collector
	if last := lastLevel(doc.delivery.Topic); statusKinds[strings.ToLower(last)] {
		c.reject(0, ingest.ReasonNoValues, "%q is the state of a channel; it carries no reading", clip(last))
		return c.out
	}
	v, ok := singleValue(doc)
	base := assumed(0, time.Time{})
	if ok && isObject(doc.json) {
		if base.MeasuredAt, ok = c.time(doc.json, 0, "timestamp", "ts", "time", "measured_at"); !ok {
			return c.out
		}
	}
	c.add(base, nameOfTopic(doc.delivery.Topic), v)
	return c.out
}

func lastLevel(topic string) string {
	topic = strings.Trim(topic, "/")
	return topic[strings.LastIndexByte(topic, '/')+1:]
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
