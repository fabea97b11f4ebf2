package geo

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"
)

// Trend says where the score of a hotspot goes. "" = it has not been known for long enough.
type Trend string

// The trends.
const (
	Rising  Trend = "rising"
	Steady  Trend = "steady"
	Falling Trend = "falling"
)

const (
	trendSpan   = time.Hour
	trendLeast  = 10 * time.Minute
	trendStep   = 5 * time.Minute
	trendChange = 0.1 // of the earlier score
	// goneFor is how long a hotspot that has vanished is known again by its members.
	goneFor = time.Hour
)

// mark is the score at one time.
type mark struct {
	at    time.Time
	score float64
}

// inherit gives each hotspot the identity of the one it was before. The pair with most members in common is matched first,
// and only when they are half of the smaller of the two; so when two hotspots become one, the larger part lends its name.
func (t *Tracker) inherit(spots []Hotspot, now time.Time) {
	t.gone = slices.DeleteFunc(t.gone, func(h Hotspot) bool { return now.Sub(h.seen) > goneFor })
	before := slices.Concat(t.spots, t.gone)
	heir := match(spots, before)
	used := map[string]bool{}
	for _, k := range heir {
		if k >= 0 {
			used[before[k].ID] = true
		}
	}
	for i := range spots {
		h := &spots[i]
		k := heir[i]
		if k < 0 {
			h.ID = newID(h.Members, used)
			used[h.ID] = true
		} else {
			h.take(before[k], k < len(t.spots))
		}
		if h.Hull == nil {
			h.Hull = hull(h.points)
		}
		h.seen = now
		h.follow(now)
	}
	t.gone = t.gone[:0]
	for _, h := range before {
		if !used[h.ID] {
			t.gone = append(t.gone, h)
		}
	}
}

// take inherits from the hotspot as it was; when it was there in the last run, also what it has lived through.
func (h *Hotspot) take(was Hotspot, lastRun bool) {
	h.ID = was.ID
	if slices.Equal(h.points, was.points) {
		h.Hull = was.Hull
	}
	if !lastRun {
		return
	}
	h.trail = was.trail
	if was.Since.Before(h.Since) {
		h.Since = was.Since
	}
}

// match finds, for each hotspot, the one of before that it continues, or -1.
func match(spots, before []Hotspot) []int {
	type pair struct{ now, was, common int }
	of := map[string][]int{}
	for k, h := range before {
		for _, id := range h.Members {
			of[id] = append(of[id], k)
		}
	}
	var pairs []pair
	for i, h := range spots {
		common := map[int]int{}
		for _, id := range h.Members {
			for _, k := range of[id] {
				common[k]++
			}
		}
		for k, n := range common {
			if 2*n >= min(len(h.Members), len(before[k].Members)) {
				pairs = append(pairs, pair{i, k, n})
			}
		}
	}
	slices.SortFunc(pairs, func(a, b pair) int {
		return cmp.Or(cmp.Compare(b.common, a.common), cmp.Compare(a.was, b.was), cmp.Compare(a.now, b.now))
	})
	heir := slices.Repeat([]int{-1}, len(spots))
	taken := make([]bool, len(before))
	for _, p := range pairs {
		if heir[p.now] < 0 && !taken[p.was] {
			heir[p.now], taken[p.was] = p.was, true
		}
	}
	return heir
}

// newID is a hash of the first members. Members move on, so another hotspot can still bear that name.
func newID(members []string, used map[string]bool) string {
	for round := 0; ; round++ {
		sum := sha256.New()
		for _, id := range members {
			sum.Write([]byte(id))
			sum.Write([]byte{0})
		}
		if round > 0 {
			fmt.Fprint(sum, round)
		}
		if id := hex.EncodeToString(sum.Sum(nil)[:8]); !used[id] {
			return id
		}
	}
}

// follow sets the trend and puts the score down for later. A mark is made every few minutes, so the trail stays short.
func (h *Hotspot) follow(now time.Time) {
	h.trail = slices.DeleteFunc(slices.Clone(h.trail), func(m mark) bool { return now.Sub(m.at) > trendSpan })
	if len(h.trail) > 0 && now.Sub(h.trail[0].at) >= trendLeast {
		was := h.trail[0].score
		switch {
		case h.Score > was*(1+trendChange):
			h.Trend = Rising
		case h.Score < was*(1-trendChange):
			h.Trend = Falling
		default:
			h.Trend = Steady
		}
	}
	if n := len(h.trail); n == 0 || now.Sub(h.trail[n-1].at) >= trendStep {
		h.trail = append(h.trail, mark{now, h.Score})
	}
}
