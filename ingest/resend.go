package ingest

import (
	"hash/maphash"
	"sync"
	"time"
)

// Resends recognises messages without a time that come a second time, so that they get the time of the first: a message of one
// (station, sequence), else one that the transport marks as sent before and whose body equals one of the station's last
// resendsKept within resendsFor. It takes about 1 KiB a station that sends such messages. Safe for concurrent use.
type Resends struct {
	seed maphash.Seed
	mu   sync.Mutex
	by   map[string]*recent
}

const (
	resendsKept = 16
	resendsFor  = 10 * time.Minute
)

// recent is a ring of a station's last messages without a time.
type recent struct {
	sent [resendsKept]sentOnce
	next int
}

type sentOnce struct {
	body     uint64
	sequence uint64
	// numbered: sequence holds.
	numbered bool
	at       time.Time
}

// NewResends makes an empty memory.
func NewResends() *Resends { return &Resends{seed: maphash.MakeSeed(), by: map[string]*recent{}} }

// Message is what tells one message without a time from another.
type Message struct {
	Station string
	Body    []byte
	// Sequence as the gateway gave it; Numbered tells whether it did.
	Sequence uint64
	Numbered bool
	Dup      bool
}

// FirstSeen returns when the message first came: now, unless it is a resend.
func (r *Resends) FirstSeen(m Message, now time.Time) time.Time {
	var body uint64
	if !m.Numbered { // a number is enough, and a body may be long
		body = maphash.Bytes(r.seed, m.Body)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	ring := r.by[m.Station]
	if ring == nil {
		ring = &recent{}
		r.by[m.Station] = ring
	}
	for i := range ring.sent {
		s := &ring.sent[i]
		age := now.Sub(s.at)
		if s.at.IsZero() || age < 0 || age > resendsFor {
			continue
		}
		if m.Numbered && s.numbered && s.sequence == m.Sequence || !m.Numbered && m.Dup && !s.numbered && s.body == body {
			return s.at
		}
	}
	ring.sent[ring.next] = sentOnce{body: body, sequence: m.Sequence, numbered: m.Numbered, at: now}
	ring.next = (ring.next + 1) % resendsKept
	return now
}

// Learn takes what the log holds of the time before a restart. Entries come in the order of the log.
func (r *Resends) Learn(in *Intake) {
	told := map[string]bool{}
	for i := range in.Readings {
		rd := &in.Readings[i]
		if rd.Flags&ClockAssumed == 0 || told[rd.Station] {
			continue
		}
		told[rd.Station] = true
		m := Message{Station: rd.Station, Body: in.Delivery.Body}
		numbered := false
		for _, mark := range in.Marks {
			if mark.Station == rd.Station && mark.MeasuredAt.IsZero() {
				m.Sequence, m.Numbered, numbered = mark.Sequence, true, true
				r.FirstSeen(m, rd.MeasuredAt)
			}
		}
		if !numbered {
			r.FirstSeen(m, rd.MeasuredAt)
		}
	}
}
