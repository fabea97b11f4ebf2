package dialect

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"quantrac/ingest"
)

// Sparkplug B, on topics spBv1.0/GROUP/TYPE/NODE[/DEVICE], in protobuf, or in the JSON that some bridges make of it, which is
// recognised on any topic:
//
//	{"timestamp": 1788224700000, "metrics": [{"name": "COD", "timestamp": 1788224700000, "dataType": "Float", "value": 31.6}], "seq": 3}
//
// Only births (NBIRTH, DBIRTH) name the metrics; data goes by their aliases. So what was declared is kept (births), and where
// a sequence number is missing or an alias is not known, the edge node is asked for a rebirth. Births carry values too.
// The device, else the edge node, is the station; a metric "Outlet/COD" is a tag. is_historical marks back-fill. What rules
// the node or describes it ("Node Control/…", "bdSeq") is no reading, nor are switches, times and files.

// reasonUnknownAlias: no birth has declared what the value is. A retry from quarantine after the rebirth reads it.
const reasonUnknownAlias = "unknown_alias"

const (
	spMaxProperties = 16
	spNamespace     = "spBv1.0"
)

// spTopic is the topic of a message, in its parts.
type spTopic struct {
	// root is what stands before the group, with a slash at its end: bridges put names of their own in front.
	root, group, kind, node, device string
}

func (t spTopic) isBirth() bool { return t.kind == "NBIRTH" || t.kind == "DBIRTH" }
func (t spTopic) isData() bool  { return t.kind == "NDATA" || t.kind == "DDATA" }
func (t spTopic) isDeath() bool { return t.kind == "NDEATH" || t.kind == "DDEATH" }

// command is the topic on which the edge node listens.
func (t spTopic) command() string { return t.root + t.group + "/NCMD/" + t.node }

// station is the device, or the edge node itself.
func (t spTopic) station() string {
	if t.device != "" {
		return t.device
	}
	return t.node
}

func isSparkplugTopic(topic string) bool {
	return strings.HasPrefix(topic, spNamespace+"/") || strings.Contains(topic, "/"+spNamespace+"/")
}

func parseSpTopic(topic string) (t spTopic, err error) {
	before, rest, _ := strings.Cut(topic, spNamespace+"/")
	levels := strings.Split(rest, "/")
	if levels[0] == "STATE" {
		return spTopic{kind: "STATE"}, nil
	}
	if len(levels) < 3 || len(levels) > 4 || slices.ContainsFunc(levels, func(s string) bool { return s == "" || len(s) > maxTopicLevel }) {
		return t, fmt.Errorf("topic %q is not %s/GROUP/TYPE/NODE or …/DEVICE", clip(topic), spNamespace)
	}
	t = spTopic{root: before + spNamespace + "/", group: levels[0], kind: levels[1], node: levels[2]}
	if len(levels) == 4 {
		t.device = levels[3]
	}
	if (t.device != "") != strings.HasPrefix(t.kind, "D") {
		return t, fmt.Errorf("topic %q: a message %q %s", clip(topic), clip(t.kind), map[bool]string{true: "names no device", false: "of a node names a device"}[t.device == ""])
	}
	return t, nil
}

func recogniseSparkplug(doc *document) bool {
	return isSparkplugTopic(doc.delivery.Topic) || isSparkplugJSON(doc.json)
}

func decodeSparkplug(doc *document) ingest.Decoded {
	var c collector
	t := spTopic{kind: "DDATA"} // the JSON form on a topic of its own
	if isSparkplugTopic(doc.delivery.Topic) {
		var err error
		if t, err = parseSpTopic(doc.delivery.Topic); err != nil {
			c.reject(0, ingest.ReasonUndecodable, "%v", err)
			return c.out
		}
	}
	if !t.isBirth() && !t.isData() && !t.isDeath() {
		c.reject(0, ingest.ReasonNoValues, "a message %q of Sparkplug carries no readings", clip(t.kind))
		return c.out
	}
	p, err := spPayloadOf(doc)
	if err != nil {
		c.reject(0, ingest.ReasonUndecodable, "%s: no payload of Sparkplug B: %v", t.kind, err)
		return c.out
	}
	if p.len() > ingest.MaxItems {
		c.reject(0, ingest.ReasonTooManyItems, "%d metrics; at most %d", p.len(), ingest.MaxItems)
		return c.out
	}
	if t.isDeath() {
		doc.births.live(doc.delivery, t, &p)
		c.reject(0, ingest.ReasonNoValues, "%s says that the %s is gone; it carries no readings", t.kind, map[bool]string{true: "edge node", false: "device"}[t.device == ""])
		return c.out
	}
	c.sparkplug(doc, t, &p)
	return c.out
}

// spPayloadOf reads the head of a payload in either form.
func spPayloadOf(doc *document) (spPayload, error) {
	if isObject(doc.json) {
		return spPayloadOfJSON(doc.json), nil
	}
	return readSpPayload(doc.delivery.Body)
}

func (c *collector) sparkplug(doc *document, t spTopic, p *spPayload) {
	declared := doc.births.live(doc.delivery, t, p)
	if declared != nil && declared.full {
		c.reject(0, ingest.ReasonTooManyItems, "%s declares more than is kept of one birth, %d bytes and names of %d: the rest cannot be read by alias", t.kind, maxBirthBytes, maxMetricName)
	}
	missing := false
	for i := range p.len() {
		m, err := p.metric(i)
		if err != nil {
			c.reject(i, ingest.ReasonUndecodable, "metric %d: %v", i+1, err)
			continue
		}
		decl, known := declared.find(&m)
		if m.name == "" && !known {
			missing = true
			c.reject(i, reasonUnknownAlias, "%s", spUnknown(&m, i))
			continue
		}
		c.sparkplugMetric(&m, decl, i, t, p.timestamp)
	}
	if missing {
		doc.births.askFor(doc.delivery, t)
	}
	if len(c.out.Items)+len(c.out.Rejects) == 0 {
		c.reject(0, ingest.ReasonNoValues, "%s carries no readings", t.kind)
	}
}

func spUnknown(m *spMetric, i int) string {
	if !m.hasAlias {
		return fmt.Sprintf("metric %d has neither a name nor an alias", i+1)
	}
	return fmt.Sprintf("metric %d: no birth has declared alias %d", i+1, m.alias)
}

func (c *collector) sparkplugMetric(m *spMetric, decl declaredMetric, index int, t spTopic, sent uint64) {
	name, datatype, unit := m.name, m.datatype, m.unit
	if name == "" {
		name = decl.name
	}
	if datatype == 0 {
		datatype = decl.datatype
	}
	if unit == "" {
		unit = decl.unit
	}
	if isSpHousekeeping(name) {
		return
	}
	v, measured := m.value(datatype)
	if !measured {
		return
	}
	at, err := spInstant(m.timestamp, sent)
	if err != nil {
		c.reject(index, ingest.ReasonBadTime, "metric %d: timestamp %d: %v", index+1, m.timestamp, err)
		return
	}
	it := assumed(index, at)
	it.Station, it.Unit = t.station(), unit
	if m.hasQuality {
		it.Status, it.Flags = spStatus(m.quality), 0
	}
	if m.historical {
		it.Flags |= ingest.Late
	}
	c.add(it, name, &v)
}

// isSpHousekeeping tells what rules or describes an edge node from what it measures.
func isSpHousekeeping(name string) bool {
	if name == "bdSeq" {
		return true
	}
	head, _, ok := strings.Cut(name, "/")
	if !ok {
		return false
	}
	switch head {
	case "Node Control", "Device Control", "Node Info", "Device Info", "Node Properties", "Device Properties", "Properties", "_types_":
		return true
	}
	return false
}

// spStatus is what the property Quality says; 500 is "stale".
func spStatus(quality int64) ingest.Status {
	switch quality {
	case 192:
		return ingest.Measuring
	case 0:
		return ingest.Fault
	}
	return ingest.Other
}

// spInstant is the time of a metric, else that of its message, in epoch milliseconds; 0 = absent.
func spInstant(own, sent uint64) (time.Time, error) {
	const last = 253402300799999 // the end of the year 9999
	if own == 0 {
		own = sent
	}
	switch {
	case own == 0:
		return time.Time{}, nil
	case own > last:
		return time.Time{}, errInstant
	}
	return time.UnixMilli(int64(own)).UTC(), nil
}
