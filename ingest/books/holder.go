package books

import "strings"

// holder is what the clerk remembers of one station, or of a part of what belongs to none.
type holder struct {
	series    []series
	sequences sequences
	accounts  []account
	// conflicts is the newest record of CONFLICTS that is about the station; 0 = none.
	conflicts uint64
	group     uint8
	// posted is, after a start, the record of BOOKS up to which accounts are made up.
	posted uint64
}

// series is the newest measured_at of one parameter.
type series struct {
	parameter string
	newest    int64
	known     bool
	// judged is the newest in the present round of judging, when round is it.
	judged int64
	round  uint64
}

// newer reports whether an instant is behind all that came before it, and takes it as the newest of the round.
func (s *series) newer(at int64, round uint64) bool {
	last, known := s.newest, s.known
	if s.round == round {
		last, known = s.judged, true
	}
	if known && at <= last {
		return false
	}
	s.round, s.judged = round, at
	return true
}

// advance moves the newest instant of what is in history.
func (s *series) advance(at int64) (moved bool) {
	if s.known && at <= s.newest {
		return false
	}
	s.newest, s.known = at, true
	return true
}

// account is what one gateway delivered for the station: all of it, and by the hour what is not in the archive yet.
type account struct {
	Gateway string `json:"gateway"`
	Counts
	Hours []hourCount `json:"hours,omitempty"`
}

// hourCount counts one hour of receipt; Hour is Unix seconds / 3600.
type hourCount struct {
	Hour int64 `json:"hour"`
	Counts
}

func (h *holder) account(gateway string) *account {
	for i := range h.accounts {
		if h.accounts[i].Gateway == gateway {
			return &h.accounts[i]
		}
	}
	return nil
}

// open returns the gateway's account and makes it where there is none.
func (h *holder) open(gateway string) *account {
	if a := h.account(gateway); a != nil {
		return a
	}
	h.accounts = append(h.accounts, account{Gateway: gateway})
	return &h.accounts[len(h.accounts)-1]
}

func (a *account) addHour(hour int64, counts Counts) {
	for i := range a.Hours {
		if a.Hours[i].Hour == hour {
			a.Hours[i].add(counts)
			return
		}
	}
	a.Hours = append(a.Hours, hourCount{hour, counts})
}

// series finds the series of a reading. Readings of one station mostly follow each other.
func (c *Clerk) series(station, parameter string) *series {
	if c.nearID != station || c.near == nil {
		c.nearID, c.near = station, c.holder(station)
	}
	for i := range c.near.series {
		if s := &c.near.series[i]; s.parameter == parameter {
			return s
		}
	}
	c.near.series = append(c.near.series, series{parameter: strings.Clone(parameter)})
	return &c.near.series[len(c.near.series)-1]
}
