package alerts

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"

	"quantrac/ingest"
)

type liveSnapshot struct {
	Version int           `json:"v"`
	DryFrom time.Time     `json:"dry_from,omitzero"`
	Newest  []liveReading `json:"newest"`
}

// liveReading is a newest value as a snapshot keeps it; its station is the snapshot's.
type liveReading struct {
	Parameter  string    `json:"p"`
	Value      *float64  `json:"v"`
	Unit       string    `json:"u,omitempty"`
	Status     uint8     `json:"s,omitempty"`
	Flags      uint32    `json:"f,omitempty"`
	MeasuredAt time.Time `json:"m"`
	ReceivedAt time.Time `json:"r"`
	Usable     bool      `json:"ok,omitempty"`
}

// Dirty lists the stations whose newest values changed since Dirty was last called, in order.
func (l *Live) Dirty() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	ids := make([]string, 0, len(l.dirty))
	for id := range l.dirty {
		ids = append(ids, id)
	}
	clear(l.dirty)
	slices.Sort(ids)
	return ids
}

// Snapshot writes the newest values of a station; nil when it never spoke.
func (l *Live) Snapshot(station string) []byte {
	l.mu.RLock()
	defer l.mu.RUnlock()
	s, ok := l.byID[station]
	if !ok || s.newest.IsZero() {
		return nil
	}
	snap := liveSnapshot{Version: snapshotVersion, DryFrom: s.dryFrom}
	for _, se := range s.series {
		if r := &se.reading; se.spoken() {
			snap.Newest = append(snap.Newest, liveReading{
				r.Parameter, known(r.Value), r.Unit, uint8(r.Status), uint32(r.Flags), r.MeasuredAt, r.ReceivedAt, r.Usable,
			})
		}
	}
	b, err := json.Marshal(snap)
	if err != nil {
		// Values are finite or absent, and times lie within 60 days of a receipt.
		panic("snapshot of " + station + ": " + err.Error())
	}
	return b
}

// Restore puts back what Snapshot wrote. Its state is that of the newest time that the Live knows: Tick follows. A station
// that the registry no longer holds is passed over.
func (l *Live) Restore(station string, data []byte) error {
	if len(data) == 0 {
		return nil
	}
	var snap liveSnapshot
	if err := json.Unmarshal(data, &snap); err != nil {
		return fmt.Errorf("read newest values of station %s: %w", station, err)
	}
	if snap.Version != snapshotVersion {
		return fmt.Errorf("newest values of station %s have version %d, this program reads %d", station, snap.Version, snapshotVersion)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	s, ok := l.byID[station]
	if !ok {
		return nil
	}
	s.series, s.newest, s.dryFrom = nil, time.Time{}, time.Time{}
	for _, r := range snap.Newest {
		value := math.NaN()
		if r.Value != nil {
			value = *r.Value
		}
		reading := ingest.Reading{
			Station: station, Parameter: r.Parameter, Value: value, Unit: r.Unit, Status: ingest.Status(r.Status),
			Flags: ingest.Flags(r.Flags), MeasuredAt: r.MeasuredAt, ReceivedAt: r.ReceivedAt, Usable: r.Usable,
		}
		if se, ok := l.advance(s, &reading); ok {
			se.judge()
			l.stir(s, se)
		}
		if r.ReceivedAt.After(l.now) {
			l.now = r.ReceivedAt
		}
	}
	s.dryFrom = snap.DryFrom
	s.judge(l.now)
	delete(l.dirty, station)
	return nil
}
