package cadastre

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"quantrac/geo"
)

// edits are the newest edit of each thing, by its key.
type edits map[string]geo.Edit

// editsOf keeps the last edit of each thing; what was taken back is none.
func editsOf(list []geo.Edit) edits { return edits{}.with(list) }

func (e edits) with(changes []geo.Edit) edits {
	out := maps.Clone(e)
	for _, c := range changes {
		if c.Reverted {
			delete(out, c.Key())
			continue
		}
		out[c.Key()] = c
	}
	return out
}

func (e edits) without(changes []geo.Edit) edits {
	out := maps.Clone(e)
	for _, c := range changes {
		delete(out, c.Key())
	}
	return out
}

// list is in the order in which edits are applied: by time, what has one time by key, so that two runs add what is new in one order.
func (e edits) list() []geo.Edit {
	return slices.SortedFunc(maps.Values(e), func(a, b geo.Edit) int {
		return cmp.Or(a.At.Compare(b.At), compareKeys(a.Key(), b.Key()))
	})
}

func compareKeys(a, b string) int { return cmp.Compare(a, b) }

func newState(r, file *geo.Registry, inForce, resting edits) *state {
	s := &state{registry: r, file: file, edits: inForce, resting: resting, entries: make(map[string]Entry, len(inForce)+len(resting))}
	for key, e := range resting {
		s.entries[key] = entry(file, e, true)
	}
	for key, e := range inForce {
		s.entries[key] = entry(file, e, false)
	}
	return s
}

func entry(file *geo.Registry, e geo.Edit, rests bool) Entry {
	base, _ := file.Find(e.Kind, e.ID)
	return Entry{Edit: e, Rests: rests, FileChanged: base.Print() != e.Base}
}

// settle puts as many edits over a file as go with it and with each other. The rest rest.
func (b *Book) settle(file *geo.Registry, all edits) (*state, error) {
	r, err := b.build(file, all.list(), nil)
	if err == nil {
		s := newState(r, file, all, edits{})
		b.tell(s)
		return s, nil
	}
	// Parks and rivers before the stations that name them, and what takes something out last.
	list := slices.SortedStableFunc(slices.Values(all.list()), func(x, y geo.Edit) int {
		return cmp.Or(compareBools(x.Removes(), y.Removes()), compareBools(x.Station != nil, y.Station != nil))
	})
	r, err = b.build(file, nil, nil)
	if err != nil {
		return nil, fmt.Errorf("the registry file: %w", err)
	}
	sound, reasons := edits{}, map[string]string{}
	b.admit(file, &sound, &r, list, reasons)
	resting := edits{}
	for key, e := range all {
		if _, ok := sound[key]; !ok {
			resting[key] = e
		}
	}
	s := newState(r, file, sound, resting)
	for key, reason := range reasons {
		e := s.entries[key]
		e.Reason = reason
		s.entries[key] = e
	}
	b.tell(s)
	return s, nil
}

// admit adds those of the list that go with what is sound so far, by halves: a few bad ones among many cost a few steps each.
func (b *Book) admit(file *geo.Registry, sound *edits, r **geo.Registry, list []geo.Edit, reasons map[string]string) {
	if len(list) == 0 {
		return
	}
	next := sound.with(list)
	built, err := b.build(file, next.list(), nil)
	switch {
	case err == nil:
		*sound, *r = next, built
	case len(list) == 1:
		reasons[list[0].Key()] = err.Error()
	default:
		b.admit(file, sound, r, list[:len(list)/2], reasons)
		b.admit(file, sound, r, list[len(list)/2:], reasons)
	}
}

// tell warns of edits that are not what whoever made them expects.
func (b *Book) tell(s *state) {
	for _, e := range s.entries {
		switch {
		case e.Rests:
			b.opt.Logger.Warn("an edit of the registry is not in force", "kind", e.Kind, "id", e.ID, "reason", e.Reason)
		case e.FileChanged:
			b.opt.Logger.Warn("the registry file has changed under an edit, which stays in force; take it back to have what the file says", "kind", e.Kind, "id", e.ID)
		}
	}
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	default:
		return -1
	}
}

// named replaces the number in a path by the id that stands there: "stations[3].park" becomes "station amata-01: park".
func named(f geo.File, path string) string {
	head, rest, _ := strings.Cut(path, "]")
	rest = strings.TrimPrefix(rest, ".")
	var i int
	if n, _ := fmt.Sscanf(head, "stations[%d", &i); n == 1 && i < len(f.Stations) {
		return "station " + f.Stations[i].ID + ": " + rest
	}
	if n, _ := fmt.Sscanf(head, "parks[%d", &i); n == 1 && i < len(f.Parks) {
		return "park " + f.Parks[i].ID + ": " + rest
	}
	if n, _ := fmt.Sscanf(head, "rivers[%d", &i); n == 1 && i < len(f.Rivers) {
		return "river " + f.Rivers[i].ID + ": " + rest
	}
	return path
}
