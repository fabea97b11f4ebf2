package geo

import (
	"cmp"
	"math"
	"slices"
)

// flow is the graph of the rivers: where along which river each station lies, and where each river joins the next.
type flow struct {
	rivers []course
	// on are the stations of each river, in the order of the flow.
	on [][]stop
	at map[string]stop // by station
}

// course is a river with the way from its source to each of its positions, in metres.
type course struct {
	river *River
	way   []float64
	// into and joins say which river it flows into, and how far down that one; into is -1 for none.
	into  int
	joins float64
	// from are the rivers that flow into it.
	from []int
}

// stop is a station on a river.
type stop struct {
	station *Station
	river   int
	way     float64 // metres from the source
	off     float64 // metres between the station and the line
}

func newFlow(r *Registry) *flow {
	f := &flow{rivers: make([]course, len(r.rivers)), on: make([][]stop, len(r.rivers)), at: map[string]stop{}}
	for i := range r.rivers {
		v := &r.rivers[i]
		c := course{river: v, way: make([]float64, len(v.Line)), into: -1}
		for k := 1; k < len(v.Line); k++ {
			c.way[k] = c.way[k-1] + Distance(v.Line[k-1], v.Line[k])
		}
		f.rivers[i] = c
	}
	for i := range f.rivers {
		v := f.rivers[i].river
		if into, known := r.river[v.Into]; known {
			f.rivers[i].into = into
			f.rivers[i].joins, _ = f.rivers[into].project(v.Line[len(v.Line)-1])
			f.rivers[into].from = append(f.rivers[into].from, i)
		}
	}
	for i := range r.stations {
		s := &r.stations[i]
		k, known := r.river[s.ReceivingWater]
		if !known {
			continue
		}
		way, off := f.rivers[k].project(s.Location)
		st := stop{s, k, way, off}
		f.on[k], f.at[s.ID] = append(f.on[k], st), st
	}
	for k := range f.on {
		slices.SortFunc(f.on[k], func(a, b stop) int { return cmp.Or(cmp.Compare(a.way, b.way), cmp.Compare(a.station.ID, b.station.ID)) })
	}
	return f
}

// project finds the place of the river nearest to p: metres from the source, and metres between the two.
func (c *course) project(p Point) (way, off float64) {
	off = math.Inf(1)
	for k := 1; k < len(c.way); k++ {
		q, along := nearestOnEdge(p, c.river.Line[k-1], c.river.Line[k])
		if d := Distance(p, q); d < off {
			way, off = c.way[k-1]+along*(c.way[k]-c.way[k-1]), d
		}
	}
	return way, off
}

func (c *course) speed() float64 { return cmp.Or(c.river.Speed, DefaultFlowSpeed) }

// upstream visits the stations above a place of a river, with the way and the time in seconds that the water takes from them,
// as far as most seconds. Rivers form no circle, see addRivers, so this ends.
func (f *flow) upstream(river int, way, metres, seconds, most float64, visit func(s stop, metres, seconds float64)) {
	c := &f.rivers[river]
	reach := func(from float64) (m, s float64, ok bool) {
		d := way - from
		m, s = metres+d, seconds+d/c.speed()
		return m, s, d >= 0 && s <= most
	}
	for _, s := range f.on[river] {
		if m, t, ok := reach(s.way); ok {
			visit(s, m, t)
		}
	}
	for _, k := range c.from {
		if m, t, ok := reach(f.rivers[k].joins); ok {
			f.upstream(k, f.rivers[k].way[len(f.rivers[k].way)-1], m, t, most, visit)
		}
	}
}
