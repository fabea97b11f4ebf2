package quality

import (
	"cmp"
	"context"
	"errors"
	"math/bits"
	"slices"
	"time"

	"quantrac/geo"
)

// ErrNotFound means that the registry has no such station.
var ErrNotFound = errors.New("no such station")

// Gap is a stretch in which a station measured nothing, to 5 min: at least three of its cycles and 15 min.
type Gap struct {
	Station string    `json:"station"`
	Park    string    `json:"park"`
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Seconds int64     `json:"seconds"`
	// Missing are the records of declared parameters that were due in it.
	Missing int64 `json:"missing"`
	// Open: it has not ended, as far as the span goes.
	Open bool `json:"open"`
}

// Gaps are the longest gaps of a span.
type Gaps struct {
	From  time.Time `json:"from"`
	To    time.Time `json:"to"`
	Items []Gap     `json:"items"`
	// Count and Seconds are of all gaps, listed or not.
	Count   int64 `json:"count"`
	Seconds int64 `json:"seconds"`
}

// GapQuery selects gaps; "" = any.
type GapQuery struct {
	Station, Park string
	From, To      time.Time
	Limit         int
}

// Gaps lists the longest gaps first.
func (s *Store) Gaps(ctx context.Context, q GapQuery) (*Gaps, error) {
	s.reading.Lock()
	defer s.reading.Unlock()
	sp := s.spanOf(q.From, q.To)
	out := &Gaps{From: timeOf(sp.from), To: timeOf(sp.to), Items: []Gap{}}
	seekers, wanted := s.seekers(q, sp)
	for _, x := range sp.days() {
		for shard := range uint32(shards) {
			if !wanted[shard] {
				continue
			}
			p, err := s.whole(ctx, place{x.day, shard}, false)
			if err != nil {
				return nil, err
			}
			for _, k := range seekers[shard] {
				k.day(x, p, out, q.Limit)
			}
		}
	}
	for _, of := range seekers {
		for _, k := range of {
			k.end(out, true)
		}
	}
	out.cut(q.Limit)
	return out, nil
}

// cut keeps the longest.
func (g *Gaps) cut(most int) {
	slices.SortStableFunc(g.Items, func(a, b Gap) int {
		return cmp.Or(cmp.Compare(b.Seconds, a.Seconds), b.From.Compare(a.From), cmp.Compare(a.Station, b.Station))
	})
	g.Items = g.Items[:min(len(g.Items), most)]
}

// seeker follows one station through the span.
type seeker struct {
	of *geo.Station
	// from and to bound what is looked at, least is how long a gap is at least, in Unix seconds and seconds.
	from, to, least int64
	// since is when the silence began that the walk is in; none = it is in none.
	since int64
}

func (s *Store) seekers(q GapQuery, sp span) (of [shards][]*seeker, wanted [shards]bool) {
	states, now := s.statesNow(), s.opt.Now().Unix()
	all := s.opt.Registry().Stations()
	for i := range all {
		g := &all[i]
		st := states[g.ID]
		begin, ok := st.begin()
		if !ok || q.Station != "" && g.ID != q.Station || q.Park != "" && g.Park != q.Park {
			continue
		}
		cycle := int64((g.Cycle + time.Second - 1) / time.Second)
		k := &seeker{
			of: g, from: max(max(sp.from, s.floor)*secondsPerHour, begin), to: min(sp.end, now-cycle), least: max(3*cycle, aliveFor), since: none,
		}
		shard := shardOf(g.ID, shards)
		of[shard] = append(of[shard], k)
		wanted[shard] = true
	}
	return of, wanted
}

// day walks over a day. One whose hours were given up says nothing: a silence ends with its beginning.
func (k *seeker) day(x stretch, p *part, out *Gaps, most int) {
	if p.daily {
		k.since = none
		return
	}
	d := p.stations[k.of.ID]
	for h := x.from; h < x.to; h++ {
		mask := uint16(0)
		if d != nil {
			if hour := d.hours[h-firstHour(x.day)]; hour != nil {
				mask = hour.slots
			}
		}
		k.hour(h, mask, out)
	}
	if len(out.Items) > 4*most {
		out.cut(most)
	}
}

func (k *seeker) hour(h int64, mask uint16, out *Gaps) {
	start := h * secondsPerHour
	switch {
	case start >= k.to || start+secondsPerHour <= k.from:
		return
	case mask == 0:
		k.silent(max(start, k.from))
		return
	case bits.OnesCount16(mask) == slots:
		k.since = k.ended(start, out)
		return
	}
	for i := range int64(slots) {
		at := start + i*slotSeconds
		if mask&(1<<i) != 0 {
			k.since = k.ended(at, out)
		} else if at >= k.from {
			k.silent(at)
		}
	}
}

func (k *seeker) silent(at int64) {
	if k.since == none {
		k.since = at
	}
}

// ended ends a silence and lists it where it is long enough.
func (k *seeker) ended(at int64, out *Gaps) int64 {
	k.list(at, out, false)
	return none
}

// end ends the walk.
func (k *seeker) end(out *Gaps, open bool) { k.list(k.to, out, open) }

func (k *seeker) list(at int64, out *Gaps, open bool) {
	if k.since == none || at-k.since < k.least {
		return
	}
	g := Gap{
		Station: k.of.ID, Park: k.of.Park, From: time.Unix(k.since, 0).UTC(), To: time.Unix(at, 0).UTC(), Seconds: at - k.since, Open: open,
		Missing: expected(k.since, at, k.of.Cycle) * int64(len(k.of.Parameters)),
	}
	out.Items = append(out.Items, g)
	out.Count++
	out.Seconds += g.Seconds
}

// Strip is what a station sent and should have sent, hour by hour or day by day.
type Strip struct {
	Station string    `json:"station"`
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	// EverySeconds is an hour or a day. Days are local; the first and the last may be shorter.
	EverySeconds int64 `json:"every_seconds"`
	// Expected and Received are records of declared parameters, Right those among all readings that are right.
	Expected []int64 `json:"expected"`
	Received []int64 `json:"received"`
	Right    []int64 `json:"right"`
	// Unknown marks the hours of days of which only the day is kept.
	Unknown []bool `json:"unknown"`
}

// Strip reads one station; daily says whether by the day.
func (s *Store) Strip(ctx context.Context, id string, from, to time.Time, daily bool) (*Strip, error) {
	of, ok := s.opt.Registry().Station(id)
	if !ok {
		return nil, ErrNotFound
	}
	s.reading.Lock()
	defer s.reading.Unlock()
	sp, now := s.spanOf(from, to), s.opt.Now().Unix()
	begin := int64(none)
	known := s.statesNow()[of.ID]
	if b, ok := known.begin(); ok {
		begin = max(b, s.floor*secondsPerHour)
	}
	out := &Strip{
		Station: of.ID, From: timeOf(sp.from), To: timeOf(sp.to), EverySeconds: secondsPerHour,
		Expected: []int64{}, Received: []int64{}, Right: []int64{}, Unknown: []bool{},
	}
	if daily {
		out.EverySeconds = secondsPerDay
	}
	for _, x := range sp.days() {
		p, err := s.whole(ctx, placeOf(of.ID, x.day), false)
		if err != nil {
			return nil, err
		}
		out.day(newStation(of, begin, sp, now), x, p, daily)
	}
	return out, nil
}

func (t *Strip) day(st *station, x stretch, p *part, daily bool) {
	d := p.stations[st.of.ID]
	if d == nil {
		d = &day{}
	}
	cells := []stretch{x}
	if !daily {
		cells = cells[:0]
		for h := x.from; h < x.to; h++ {
			cells = append(cells, stretch{x.day, h, h + 1})
		}
	}
	for _, c := range cells {
		one := &station{of: st.of, from: st.from, to: st.to, params: slices.Clone(st.params)}
		unknown := p.daily && !daily
		if !unknown {
			one.take(c, d, p.daily)
		}
		due := expected(max(st.from, c.from*secondsPerHour), min(st.to, c.to*secondsPerHour), st.of.Cycle)
		t.Expected = append(t.Expected, due*int64(len(st.params)))
		t.Received = append(t.Received, one.declared)
		t.Right = append(t.Right, one.received-one.wrong-one.overdue)
		t.Unknown = append(t.Unknown, unknown)
	}
}
