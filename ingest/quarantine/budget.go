package quarantine

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"quantrac/ingest/stream"
)

// Metrics are the figures of the quarantine.
type Metrics struct {
	entries, bytes prometheus.Gauge
	forgotten      *prometheus.CounterVec
}

// NewMetrics makes the figures and registers them; reg may be nil.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		entries: prometheus.NewGauge(prometheus.GaugeOpts{Name: "quantrac_quarantine_entries", Help: "Deliveries in quarantine."}),
		bytes:   prometheus.NewGauge(prometheus.GaugeOpts{Name: "quantrac_quarantine_bytes", Help: "What they count against the budget."}),
		forgotten: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "quantrac_quarantine_forgotten_total", Help: "Entries that left the quarantine, by cause: age, or the budget of bytes.",
		}, []string{"cause"}),
	}
	for _, cause := range []string{causeAge, causeBudget} {
		m.forgotten.WithLabelValues(cause)
	}
	if reg != nil {
		reg.MustRegister(m.entries, m.bytes, m.forgotten)
	}
	return m
}

const (
	causeAge    = "age"
	causeBudget = "budget"
)

func (m *Metrics) hold(x *index) {
	m.entries.Set(float64(x.entries))
	m.bytes.Set(float64(x.bytes))
}

// Shares of the budget, in percent: beyond pressed it is said; when it is full the oldest go until roomLeft is reached, so that
// room is not made for each entry anew.
const (
	pressed  = 90
	roomLeft = 95
)

// Status says how full the quarantine is, for /readyz. OK is false when entries go, or soon will, before their time.
type Status struct {
	OK              bool
	Detail          string
	Entries         int
	Bytes, MaxBytes int64
}

// Status says how full the quarantine is.
func (s *Store) Status() Status {
	s.mu.RLock()
	defer s.mu.RUnlock()
	st := Status{OK: true, Entries: s.index.entries, Bytes: s.index.bytes, MaxBytes: s.opt.MaxBytes}
	if st.Bytes > st.MaxBytes/100*pressed {
		st.OK = false
		st.Detail = fmt.Sprintf("%d entries take %d of %d MiB: the oldest go before their %d days are over", st.Entries, st.Bytes>>20, st.MaxBytes>>20, Keep/(24*time.Hour))
	}
	return st
}

// makeRoom forgets the oldest entries when the budget is full, but never the newest record, which tells where the log was. Where
// the log refuses, the next entry tries again.
func (s *Store) makeRoom(ctx context.Context) {
	upto := s.overflow()
	if upto == 0 {
		return
	}
	gone, err := s.trim(ctx, upto, causeBudget)
	if err != nil {
		s.opt.Logger.Warn("the quarantine is over its budget and can't be trimmed, trying again", "error", err)
		return
	}
	s.opt.Logger.Warn("the quarantine is full: its oldest entries are forgotten", "entries", gone, "budget_bytes", s.opt.MaxBytes)
}

// overflow is the record up to which the budget wants the entries gone; 0 = it does not.
func (s *Store) overflow() (upto uint64) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	excess := s.index.bytes - s.opt.MaxBytes
	if excess <= 0 {
		return 0
	}
	excess += s.opt.MaxBytes / 100 * (100 - roomLeft)
	for i := range s.index.items {
		it := &s.index.items[i]
		if excess <= 0 || it.seq == s.end {
			break
		}
		excess -= it.cost()
		upto = it.seq
	}
	return upto
}

// trim forgets the records up to a sequence.
func (s *Store) trim(ctx context.Context, upto uint64, cause string) (entries int, err error) {
	if err := s.records.Trim(ctx, upto); err != nil {
		return 0, err
	}
	s.mu.Lock()
	entries = s.index.drop(upto)
	s.opt.Metrics.hold(&s.index)
	s.mu.Unlock()
	s.opt.Metrics.forgotten.WithLabelValues(cause).Add(float64(entries))
	return entries, nil
}

// Run forgets entries older than Keep, until ctx ends. Trouble with the log is said and tried again.
func (s *Store) Run(ctx context.Context) error {
	const usual, soon = time.Hour, time.Minute
	for {
		wait := usual
		if err := s.forget(ctx, s.opt.Now().Add(-Keep)); err != nil && ctx.Err() == nil {
			s.opt.Logger.Warn("forgetting old quarantine entries failed, trying again", "error", err)
			wait = soon
		}
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return nil
		}
	}
}

// forget trims the records that were written before cut.
func (s *Store) forget(ctx context.Context, cut time.Time) error {
	s.mu.RLock()
	all := s.index.items
	s.mu.RUnlock()
	var failed error
	n := sort.Search(len(all), func(i int) bool {
		r, err := s.records.Get(ctx, all[i].seq)
		if err != nil && !errors.Is(err, stream.ErrNotFound) {
			failed = err
		}
		return err == nil && !r.At.Before(cut)
	})
	if failed != nil || n == 0 {
		return failed
	}
	_, err := s.trim(ctx, all[n-1].seq, causeAge)
	return err
}
