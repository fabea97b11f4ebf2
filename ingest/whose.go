package ingest

import (
	"cmp"
	"fmt"
	"strings"

	"quantrac/geo"
)

// Bounds of the search for a name, which tries its parts: what a stranger makes long must not make it slow.
const (
	maxName      = 256 // bytes
	maxLevels    = 32  // of a topic
	maxNameParts = 8   // of a file name
	maxTagParts  = 16
)

// nativeTopic begins the topics of the native format; the level behind it is the station.
const nativeTopic = "quantrac/v1/"

// owner is the station that a name leads to.
type owner struct {
	// s is nil when nobody has the name.
	s *geo.Station
	// mapping is set where one led here. It leads nowhere when s is nil: its station is not in the registry.
	mapping *Mapping
}

// topicSays is what the topic or file name tells about all items of a delivery.
type topicSays struct {
	owner
	// name of a station that nobody knows.
	name string
	// parameter names that of a topic which carries one value.
	parameter string
}

// readTopic finds what the topic says: by its pattern, else by a level that is a mapped name, a station's id or an alias.
func (c *checker) readTopic() {
	topic := c.in.Delivery.Topic
	if r, ok := c.Mappings.topic(topic); ok {
		c.topic.parameter = cmp.Or(r.Parameter, r.parameter)
		if c.topic.name = r.station; r.station != "" {
			c.topic.owner = c.resolveName(r.station)
		} else if r.Target != "" {
			s, _ := c.Registry.Station(r.Target)
			c.topic.owner = owner{s, r.Mapping}
		}
		if c.topic.s != nil || c.topic.mapping != nil {
			c.topic.mapping = cmp.Or(c.topic.mapping, r.Mapping)
			return
		}
	}
	if rest, ok := strings.CutPrefix(topic, nativeTopic); ok {
		name, _, _ := strings.Cut(rest, "/")
		if c.topic.owner = c.exact(name); c.topic.s != nil || c.topic.mapping != nil {
			return
		}
		if c.topic.name == "" {
			c.topic.name = name
		}
	}
	c.readLevels(topic)
}

// readLevels looks for a level that names a station, a mapped one first.
func (c *checker) readLevels(topic string) {
	n := 0
	for level := range strings.SplitSeq(topic, "/") {
		found := c.resolveName(level)
		if found.mapping != nil {
			c.topic.owner = found
			return
		}
		if c.topic.s == nil {
			c.topic.owner = found
		}
		if n++; n == maxLevels || c.topic.s != nil && !c.Mappings.mapsStations() {
			return
		}
	}
}

// whose finds the station of an item that names one in the payload, or none: a configured mapping goes before the topic, and the
// topic before the payload. Where nothing names one, a gateway of one station speaks for that.
func (c *checker) whose(named string) owner {
	if c.topic.mapping != nil || c.topic.s != nil && (named == "" || !c.Mappings.mapsStations()) {
		return c.topic.owner
	}
	if named == "" {
		return c.ownStation()
	}
	if named != c.lastName {
		c.lastName, c.last = named, c.resolveName(named)
	}
	if c.topic.s != nil && c.last.mapping == nil {
		return c.topic.owner
	}
	if c.last == (owner{}) && named == c.in.Delivery.Self {
		return c.ownStation()
	}
	return c.last
}

// ownStation is that of a gateway which speaks for one station only, unless the topic names another that nobody knows.
func (c *checker) ownStation() owner {
	if c.topic.name != "" || c.in.Delivery.Station == "" {
		return owner{}
	}
	return c.exact(c.in.Delivery.Station)
}

// exact finds the station of a whole name.
func (c *checker) exact(name string) owner {
	if m := c.Mappings.station(name); m != nil {
		s, _ := c.Registry.Station(m.Target)
		return owner{s, m}
	}
	s, _ := c.Registry.Resolve(name)
	return owner{s: s}
}

// resolveName finds the station that a name speaks of: the whole name, or the longest run of its parts between underscores, as
// in the file name TinhTP_CoSo_Tram_yyyyMMddHHmmss.txt.
func (c *checker) resolveName(name string) owner {
	if len(name) > maxName || name == "" {
		return owner{}
	}
	if w := c.exact(name); w.s != nil || w.mapping != nil {
		return w
	}
	base, _, _ := strings.Cut(name, ".")
	parts := strings.Count(base, "_") + 1
	if parts > maxNameParts || parts == 1 && base == name {
		return owner{}
	}
	split := strings.Split(base, "_")
	for n := parts; n > 0; n-- {
		for from := 0; from+n <= parts; from++ {
			if w := c.exact(strings.Join(split[from:from+n], "_")); w.s != nil || w.mapping != nil {
				return w
			}
		}
	}
	return owner{}
}

// permitted reports whether the authenticated gateway may speak for a station.
func (c *checker) permitted(s *geo.Station) bool {
	if c.in.Delivery.Allowed == nil {
		return true
	}
	if c.asked != s {
		c.asked, c.granted = s, c.in.Delivery.Allowed(s.ID)
	}
	return c.granted
}

// refusal says why an item has no station to belong to.
func (c *checker) refusal(w owner, it *Item) Reject {
	r := Reject{Index: it.Index, Reason: ReasonUnknownStation}
	name := it.Station
	if name == "" {
		name = c.topic.name
	}
	switch {
	case w.s != nil:
		r.Reason = ReasonNotPermitted
		r.Detail = fmt.Sprintf("gateway %q may not publish for station %q", c.in.Delivery.Gateway, w.s.ID)
	case w.mapping != nil:
		r.Detail = fmt.Sprintf("the mapping of %q leads to station %q, which is not in the registry", clip(w.mapping.Name), clip(w.mapping.Target))
	case name == "":
		r.Reason = ReasonNoStation
		r.Detail = `neither the topic nor a field "station" names a station`
	default:
		r.Detail = fmt.Sprintf("no station has the id or alias %q", clip(name))
		c.unknown(unknownName{kind: MapStation, name: name})
	}
	return r
}

// splitTag reads a tag DEVICE_PARAMETER or device:parameter: the part behind a separator is the parameter, the part before it
// the station, where nothing else names one.
func (c *checker) splitTag(it *Item, w owner) (owner, meaning, bool) {
	if len(it.Name) > maxName {
		return w, meaning{}, false
	}
	free := it.Station == "" && w.s == nil && w.mapping == nil
	tries := 0
	for i, r := range it.Name {
		if r != '_' && r != ':' && r != '.' && r != '/' || i == 0 || i+1 == len(it.Name) {
			continue
		}
		if tries++; tries > maxTagParts {
			break
		}
		of := w
		if free {
			of = c.exact(it.Name[:i])
		}
		m, ok := c.meaning(of.s, it.Name[i+1:])
		if !ok {
			continue
		}
		if free {
			it.Station = it.Name[:i]
			of = c.whose(it.Station)
		}
		return of, m, true
	}
	return w, meaning{}, false
}
