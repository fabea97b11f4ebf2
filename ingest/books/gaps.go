package books

import (
	"slices"
	"time"

	"quantrac/ingest"
)

// maxGaps bounds the open gaps of one station; the oldest are forgotten beyond it, and counted in Lost.
const maxGaps = 100

// restartBelow is how far a sequence may fall before it is taken for a gateway that began anew.
const restartBelow = 10_000

// span is an open gap: the sequence numbers first to last are missing.
type span struct {
	First uint64 `json:"first"`
	Last  uint64 `json:"last"`
	From  int64  `json:"from"` // Unix ns of the messages around it
	To    int64  `json:"to"`
}

// sequences follows the sequence numbers of one station.
type sequences struct {
	Newest   uint64 `json:"newest"`
	NewestAt int64  `json:"newest_at"`
	Spans    []span `json:"spans,omitempty"`
	Lost     uint64 `json:"lost,omitempty"`
}

// see takes one mark. A number that was missing closes its gap, in part or whole; one that falls far below the newest, or is 1,
// is a gateway that began anew.
func (s *sequences) see(m ingest.Mark, at time.Time) {
	n, ns := m.Sequence, at.UnixNano()
	switch {
	case s.NewestAt == 0 || n == s.Newest+1:
	case n > s.Newest:
		s.Spans = append(s.Spans, span{First: s.Newest + 1, Last: n - 1, From: s.NewestAt, To: ns})
		if len(s.Spans) > maxGaps {
			s.Lost += s.Spans[0].Last - s.Spans[0].First + 1
			s.Spans = s.Spans[1:]
		}
	case n > 1 && n+restartBelow > s.Newest:
		s.fill(n, ns)
		return
	}
	s.Newest, s.NewestAt = n, ns
}

func (s *sequences) fill(n uint64, ns int64) {
	for i := range s.Spans {
		g := s.Spans[i]
		if n < g.First || n > g.Last {
			continue
		}
		var parts []span
		if n > g.First {
			parts = append(parts, span{g.First, n - 1, g.From, ns})
		}
		if n < g.Last {
			parts = append(parts, span{n + 1, g.Last, ns, g.To})
		}
		s.Spans = slices.Replace(s.Spans, i, i+1, parts...)
		return
	}
}

func (s *sequences) gaps() []Gap {
	out := make([]Gap, 0, len(s.Spans))
	for _, g := range s.Spans {
		out = append(out, Gap{From: time.Unix(0, g.From).UTC(), To: time.Unix(0, g.To).UTC(), Missing: g.Last - g.First + 1})
	}
	return out
}
