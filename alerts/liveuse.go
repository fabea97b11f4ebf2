package alerts

import (
	"reflect"
	"slices"

	"quantrac/geo"
)

// Review says what another registry or other limits changed in the live view.
type Review struct {
	// Changed are the stations that are new or look different now, in the order of the registry; Gone are those that are no more.
	Changed, Gone []string
	// Parks says that some park is new, looks different, or is no more.
	Parks bool
}

// Use judges by another registry and other limits from now on, beginning with the newest values. A station that is in both keeps its newest values.
func (l *Live) Use(registry *geo.Registry, limits *Limits) Review {
	l.mu.Lock()
	defer l.mu.Unlock()
	was := l.cfg.Registry
	r := Review{Changed: l.use(registry, limits)}
	r.Parks = !reflect.DeepEqual(was.Parks(), registry.Parks())
	for _, s := range was.Stations() {
		if _, stays := l.byID[s.ID]; !stays {
			r.Gone = append(r.Gone, s.ID)
			delete(l.dirty, s.ID)
		}
	}
	l.hot.gone = append(l.hot.gone, r.Gone...)
	return r
}

// use returns the stations that are new or look different now.
func (l *Live) use(registry *geo.Registry, limits *Limits) (changed []string) {
	before := l.byID
	l.cfg.Registry, l.cfg.Limits = registry, limits
	all := registry.Stations()
	l.byID, l.inPark = make(map[string]*liveStation, len(all)), map[string][]*liveStation{}
	for i := range all {
		s, known := before[all[i].ID]
		if !known {
			s = newLiveStation(&all[i])
		}
		moved := known && !looksAlike(s.st, &all[i])
		l.admit(s, &all[i])
		for _, se := range s.series {
			se.limits = limits.spans(s.st, se.reading.Parameter)
			se.judge()
			l.stir(s, se)
		}
		if s.judge(l.now) || !known || moved {
			changed = append(changed, s.st.ID)
		}
	}
	return changed
}

// admit makes a station part of the live view, as the registry has it.
func (l *Live) admit(s *liveStation, st *geo.Station) {
	s.st = st
	l.byID[st.ID] = s
	if st.Park != "" {
		l.inPark[st.Park] = append(l.inPark[st.Park], s)
	}
}

// looksAlike reports whether a view of either station shows the same.
func looksAlike(a, b *geo.Station) bool {
	return a.Name == b.Name && a.Park == b.Park && a.Kind == b.Kind && a.Location == b.Location && slices.Equal(a.Parameters, b.Parameters)
}
