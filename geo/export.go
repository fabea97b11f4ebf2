package geo

import (
	"encoding/json"
	"fmt"
)

// GeoJSON writes the registry as a FeatureCollection that ReadGeoJSON reads back (RFC 7946). Its title is a foreign member.
func (r *Registry) GeoJSON() ([]byte, error) {
	f := r.File()
	features := make([]any, 0, len(f.Parks)+len(f.Stations)+len(f.Rivers))
	add := func(what, id string, geometry any, of any, drop ...string) error {
		properties, err := propertiesOf(of)
		if err != nil {
			return fmt.Errorf("%s %s: %w", what, id, err)
		}
		for _, name := range drop {
			delete(properties, name)
		}
		properties["feature"] = what
		if s, ok := of.(*Station); ok {
			properties["cycle"] = s.Cycle.String()
		}
		features = append(features, map[string]any{"type": "Feature", "id": id, "geometry": geometry, "properties": properties})
		return nil
	}
	for i := range f.Rivers {
		v := &f.Rivers[i]
		if err := add("river", v.ID, areaFile{"LineString", v.Line}, v, "line"); err != nil {
			return nil, err
		}
	}
	for i := range f.Parks {
		p := &f.Parks[i]
		var err error
		if p.Area != nil {
			err = add("park", p.ID, p.Area, p, "area")
		} else {
			err = add("park", p.ID, areaFile{"Point", p.Location}, p, "location")
		}
		if err != nil {
			return nil, err
		}
	}
	for i := range f.Stations {
		s := &f.Stations[i]
		if err := add("station", s.ID, areaFile{"Point", s.Location}, s, "location"); err != nil {
			return nil, err
		}
	}
	return json.Marshal(map[string]any{"type": "FeatureCollection", "title": f.Title, "features": features})
}

func propertiesOf(v any) (map[string]any, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var out map[string]any
	err = json.Unmarshal(b, &out)
	return out, err
}
