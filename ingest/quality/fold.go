package quality

import (
	"strings"

	"quantrac/ingest"
)

// generation is what was counted since the last save, or what a save is writing.
type generation struct {
	parts map[place]*part
	// hours counts what takes memory.
	hours int
}

func newGeneration() *generation { return &generation{parts: map[place]*part{}} }

// spot is a station and hour that was counted for last: the readings of a delivery mostly share it. A part that holds one batch and not
// the next has no spot before the next.
type spot struct {
	station string
	hour    int64
	day     *day
	counts  *hour
}

// at finds what a station's hour is counted in; nil where its part holds the batch already.
func (s *Store) at(sp *spot, batch uint64, station string, hour int64) *hour {
	if sp.counts != nil && sp.hour == hour && sp.station == station {
		return sp.counts
	}
	p := placeOf(station, dayOf(hour))
	if batch <= s.tornUpto && batch <= s.torn[p] {
		return nil
	}
	*sp = spot{station: station, hour: hour}
	g := s.fresh
	if g.parts[p] == nil {
		g.parts[p] = newPart()
	}
	if g.parts[p].stations[station] == nil {
		station = strings.Clone(station)
	}
	sp.day = g.parts[p].station(station)
	i := hour - firstHour(p.day)
	if sp.day.hours[i] == nil {
		g.hours++
	}
	sp.counts = sp.day.hour(i)
	return sp.counts
}

// Reading counts a reading that is new in history. Batches come in the order of the log; one that comes again changes nothing.
func (s *Store) Reading(batch uint64, in *ingest.Intake, r *ingest.Reading) {
	if batch <= s.position {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	live := in.Delivery.Retry == ""
	measured := hourOf(r.MeasuredAt.Unix())
	if measured >= s.floor {
		if h := s.at(&s.lastMeasured, batch, r.Station, measured); h != nil {
			i := s.lastMeasured.day.param(r.Parameter, s.hint)
			h.measured(r, i, live)
			s.hint = (i + 1) % len(s.lastMeasured.day.params)
		}
	}
	received := r.ReceivedAt.Unix()
	if h := s.at(&s.lastReceived, batch, r.Station, hourOf(received)); h != nil {
		h.received(r)
	}
	s.remember(batch, r, measured, live)
}

// remember moves a station's state and counts how long the reading keeps it alive.
func (s *Store) remember(batch uint64, r *ingest.Reading, measured int64, live bool) {
	if s.near.st == nil || s.near.id != r.Station {
		s.near.set = s.states[shardOf(r.Station, stateShards)]
		s.near.id, s.near.st = r.Station, s.near.set.of(r.Station)
	}
	set, st := s.near.set, s.near.st
	if at := r.MeasuredAt.Unix(); measured >= s.floor && (st.first == none || at < st.first) {
		st.first, set.changed = at, true
	}
	until := r.MeasuredAt.Unix() + aliveFor
	from := max(r.ReceivedAt.Unix(), st.aliveUntil)
	if !live || until <= from {
		return
	}
	st.aliveUntil, set.changed = until, true
	for from < until {
		h := hourOf(from)
		end := min(until, (h+1)*secondsPerHour)
		if counts := s.at(&s.lastAlive, batch, r.Station, h); counts != nil {
			counts.n[aliveSeconds] += int32(end - from)
		}
		from = end
	}
}

// Delivery counts the names in a delivery that mean nothing.
func (s *Store) Delivery(batch uint64, in *ingest.Intake) {
	if batch <= s.position || len(in.Rejects) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	station := ""
	if len(in.Readings) > 0 {
		station = in.Readings[0].Station
	}
	h := s.at(&s.lastReceived, batch, station, hourOf(in.Delivery.ReceivedAt.Unix()))
	if h == nil {
		return
	}
	for i := range in.Rejects {
		switch in.Rejects[i].Reason {
		case ingest.ReasonUnknownParameter:
			h.n[unmappedParameter]++
		case ingest.ReasonUnknownStation, ingest.ReasonNoStation:
			h.n[unmappedStation]++
		}
	}
}

// Booked is what a line of the books adds to the ledger of a station, at a second of receipt.
type Booked struct {
	Station                                 string
	At                                      int64
	Stored, Quarantined, Duplicate, Revised int64
}

// Line counts a line of the books; batch is the last one of the log that its record is about.
func (s *Store) Line(batch uint64, l Booked) {
	if batch <= s.position {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.at(&s.lastLine, batch, l.Station, hourOf(l.At))
	if h == nil {
		return
	}
	h.n[stored] += int32(l.Stored)
	h.n[quarantined] += int32(l.Quarantined)
	h.n[duplicate] += int32(l.Duplicate)
	h.n[revised] += int32(l.Revised)
}

// mostUnsaved is how many stations and hours may wait to be saved: 25 MB.
const mostUnsaved = 100_000

// Full reports that so much waits to be saved that it should be, now.
func (s *Store) Full() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.fresh.hours >= mostUnsaved
}
