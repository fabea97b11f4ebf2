package alerts_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"quantrac/alerts"
	"quantrac/geo"
)

func TestLimitSpans(t *testing.T) {
	limits := alerts.BuiltinLimits()
	day := func(y, m, d int) time.Time { return time.Date(y, time.Month(m), d, 0, 0, 0, 0, geo.ICT()) }
	under := func(column string, kf float64, from, to time.Time) geo.Assignment {
		return geo.Assignment{Set: "qcvn40-2011", Column: column, Kq: 1, Kf: kf, From: from, To: to}
	}
	open := time.Time{}
	for name, c := range map[string]struct {
		assigned []geo.Assignment
		want     []string
	}{
		"none":    {nil, nil},
		"the set": {[]geo.Assignment{under("A", 1, open, open)}, []string{"2012-02-15 2032-01-01 75"}},
		"the first that holds wins, and the later one shows on both sides of it": {
			[]geo.Assignment{under("B", 1, day(2024, 1, 1), day(2025, 1, 1)), under("A", 1, open, open)},
			[]string{"2012-02-15 2024-01-01 75", "2024-01-01 2025-01-01 150", "2025-01-01 2032-01-01 75"},
		},
		"a gap": {
			[]geo.Assignment{under("A", 1, open, day(2020, 1, 1)), under("A", 1.1, day(2021, 1, 1), open)},
			[]string{"2012-02-15 2020-01-01 75", "2021-01-01 2032-01-01 82.5"},
		},
		"the same limit twice is one span": {
			[]geo.Assignment{under("A", 1, open, day(2020, 1, 1)), under("A", 1, day(2019, 1, 1), open)},
			[]string{"2012-02-15 2032-01-01 75"},
		},
		"an assignment after the end of its set": {[]geo.Assignment{under("A", 1, day(2033, 1, 1), open)}, nil},
	} {
		st := &geo.Station{Limits: c.assigned}
		var got []string
		for _, s := range limits.Spans(st, "cod") {
			got = append(got, fmt.Sprintf("%s %s %g", s.From.In(geo.ICT()).Format(time.DateOnly), s.To.In(geo.ICT()).Format(time.DateOnly), s.Max))
			for _, at := range []time.Time{s.From, s.To.Add(-1)} {
				if l, ok := limits.For(st, "cod", at); !ok || l.Max != s.Max || l.Reference != s.Reference {
					t.Errorf("%s: For says %v at %s, the span %g", name, l, at, s.Max)
				}
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}
