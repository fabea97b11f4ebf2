package dialect

import (
	"strings"

	"quantrac/ingest"
)

// Messages that are known and carry no readings by their nature: a gateway's word that it, or a device behind it, is there or
// gone. They are kept with that reason, so that nobody searches for what is wrong with them.
//
//	Advantech/MAC/Device_Status            {"status": "connect", "name": "…", "macid": "…", "ipaddr": "…"}
//	v1/gateway/connect, …/disconnect       {"device": "Device A"}

func recogniseNotice(doc *document) bool { return notice(doc) != "" }

func notice(doc *document) string {
	m, topic := doc.json, doc.delivery.Topic
	switch {
	case !isObject(m):
		return ""
	case strings.HasSuffix(topic, "/Device_Status"), m.member("status") != nil && m.member("macid") != nil && m.member("ipaddr") != nil:
		return "the state of an Advantech module"
	case m.member("device") != nil && len(m.items) <= 2 && (strings.HasSuffix(topic, "/connect") || strings.HasSuffix(topic, "/disconnect")):
		return "a device that joined or left a ThingsBoard gateway"
	case m.member("online") != nil && len(m.items) <= 2:
		return "the state of a gateway"
	}
	return ""
}

func decodeNotice(doc *document) ingest.Decoded {
	var c collector
	c.reject(0, ingest.ReasonNoValues, "%s; it carries no readings", notice(doc))
	return c.out
}
