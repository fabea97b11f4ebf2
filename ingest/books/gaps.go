package books

import (
	"slices"
	"time"
)

// maxGaps bounds the open gaps of one station. Beyond it the oldest become one, which no late number closes any more.
const maxGaps = 48

// restartBelow is how far a sequence may fall before it is taken for a gateway that began anew.
const restartBelow = 10_000

// span is an open gap: the sequence numbers first to last are missing.
type span struct {
	First uint64 `json:"first"`
	Last  uint64 `json:"last"`
	From  int64  `json:"from"` // Unix ns of the messages around it
	To    int64  `json:"to"`
}

func (g span) missing() uint64 { return g.Last - g.First + 1 }

// sequences follows the sequence numbers of one station.
type sequences struct {
	Newest   uint64 `json:"newest"`
	NewestAt int64  `json:"newest_at"`
	Spans    []span `json:"spans,omitempty"`
	// Lost are the numbers of gaps that were forgotten as such, between LostFrom and LostTo.
	Lost     uint64 `json:"lost,omitempty"`
	LostFrom int64  `json:"lost_from,omitempty"`
	LostTo   int64  `json:"lost_to,omitempty"`
}

// see takes one number. One that was missing closes its gap, in part or whole; one that falls far below the newest, or is 1, is
// of a gateway that began anew.
func (s *sequences) see(n uint64, at time.Time) {
	ns := at.UnixNano()
	switch {
	case s.NewestAt == 0 || n == s.Newest+1:
	case n > s.Newest:
		s.makeRoom()
		s.insert(len(s.Spans), span{First: s.Newest + 1, Last: n - 1, From: s.NewestAt, To: ns})
	case n > 1 && n+restartBelow > s.Newest:
		s.fill(n, ns)
		return
	}
	s.Newest, s.NewestAt = n, ns
}

func (s *sequences) fill(n uint64, ns int64) {
	i := slices.IndexFunc(s.Spans, func(g span) bool { return g.First <= n && n <= g.Last })
	if i < 0 {
		return
	}
	g := s.Spans[i]
	ns = min(max(ns, g.From), g.To) // a number without a time has that of its receipt
	before, behind := span{g.First, n - 1, g.From, ns}, span{n + 1, g.Last, ns, g.To}
	switch {
	case g.First == g.Last:
		s.Spans = slices.Delete(s.Spans, i, i+1)
	case n == g.First:
		s.Spans[i] = behind
	case n == g.Last:
		s.Spans[i] = before
	default:
		s.Spans[i] = before
		if s.makeRoom() {
			i--
		}
		s.insert(i+1, behind)
	}
}

// insert grows in small steps: there is one such list for each station.
func (s *sequences) insert(i int, g span) {
	const step = 8
	if len(s.Spans) == cap(s.Spans) {
		s.Spans = append(make([]span, 0, len(s.Spans)+step), s.Spans...)
	}
	s.Spans = slices.Insert(s.Spans, i, g)
}

// makeRoom forgets the oldest gap as such where there is no room for another.
func (s *sequences) makeRoom() bool {
	if len(s.Spans) < maxGaps {
		return false
	}
	oldest := s.Spans[0]
	if s.Lost == 0 {
		s.LostFrom = oldest.From
	}
	s.Lost += oldest.missing()
	s.LostTo = max(s.LostTo, oldest.To)
	s.Spans = slices.Delete(s.Spans, 0, 1)
	return true
}

func (s *sequences) gaps() []Gap {
	out := make([]Gap, 0, len(s.Spans)+1)
	if s.Lost > 0 {
		out = append(out, gap(s.LostFrom, s.LostTo, s.Lost))
	}
	for _, g := range s.Spans {
		out = append(out, gap(g.From, g.To, g.missing()))
	}
	return out
}

func gap(from, to int64, missing uint64) Gap {
	return Gap{From: time.Unix(0, from).UTC(), To: time.Unix(0, to).UTC(), Missing: missing}
}
