package quality

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// uptime is for how many seconds of each hour the service answered.
type uptime struct {
	// since is when the service began to count, in Unix seconds; none = it never did.
	since int64
	// days holds the days that were read or written.
	days map[int64]*[24]uint16
	// at is up to when the time is counted.
	at time.Time
}

const (
	upKeys = "u"
	// beatEvery is how often the time is counted: so much is missing of it after a crash.
	beatEvery = 10 * time.Second
	// lastBeat is how long the end may take.
	lastBeat = time.Second
)

func (s *Store) openUptime(ctx context.Context) error {
	s.up = uptime{since: none, days: map[int64]*[24]uint16{}}
	if err := s.openSince(ctx); err != nil {
		return err
	}
	keys, err := s.opt.Bucket.Keys(ctx)
	if err != nil {
		return err
	}
	for _, key := range keys {
		day, err := strconv.ParseInt(strings.TrimPrefix(key, upKeys), 10, 64)
		if err != nil || !strings.HasPrefix(key, upKeys) {
			continue
		}
		data, _, err := s.opt.Bucket.Get(ctx, key)
		if err != nil {
			return err
		}
		var hours [24]uint16
		if len(data) != 2*len(hours) {
			return fmt.Errorf("%s %w", key, errDamaged)
		}
		for i := range hours {
			hours[i] = binary.BigEndian.Uint16(data[2*i:])
		}
		s.up.days[day] = &hours
	}
	return nil
}

func (s *Store) openSince(ctx context.Context) error {
	data, ok, err := s.opt.Bucket.Get(ctx, sinceKey)
	if err != nil || !ok {
		return err
	}
	s.up.since, err = strconv.ParseInt(string(data), 10, 64)
	return err
}

// Beat counts the time since the call before as time in which the service answered. The first call only begins.
func (s *Store) Beat(ctx context.Context, now time.Time) error {
	s.mu.Lock()
	from := s.up.at
	s.up.at = now
	first := s.up.since == none
	if first {
		s.up.since = now.Unix()
	}
	changed := map[int64][]byte{}
	if !from.IsZero() && now.After(from) {
		s.up.count(from.Unix(), now.Unix(), changed)
	}
	s.mu.Unlock()
	if first {
		if err := s.opt.Bucket.Put(ctx, sinceKey, strconv.AppendInt(nil, now.Unix(), 10)); err != nil {
			s.mu.Lock()
			s.up.since = none // the next call begins
			s.mu.Unlock()
			return fmt.Errorf("save the uptime: %w", err)
		}
	}
	for day, value := range changed {
		if err := s.opt.Bucket.Put(ctx, upKeys+strconv.FormatInt(day, 10), value); err != nil {
			return fmt.Errorf("save the uptime: %w", err)
		}
	}
	return nil
}

func (u *uptime) count(from, to int64, changed map[int64][]byte) {
	for from < to {
		h := hourOf(from)
		end, d := min(to, (h+1)*secondsPerHour), dayOf(h)
		if u.days[d] == nil {
			u.days[d] = &[24]uint16{}
		}
		seconds := &u.days[d][h-firstHour(d)]
		*seconds = uint16(min(int64(*seconds)+end-from, secondsPerHour))
		value := make([]byte, 0, 2*len(u.days[d]))
		for _, n := range u.days[d] {
			value = binary.BigEndian.AppendUint16(value, n)
		}
		changed[d] = value
		from = end
	}
}

// between adds up the seconds of the hours from one to another, and says since when anything is known.
func (u *uptime) between(from, to int64) (seconds, since int64) {
	for h := max(from, hourOf(u.since)); u.since != none && h < to; {
		d := dayOf(h)
		next := min(to, firstHour(d+1))
		if day := u.days[d]; day != nil {
			for i := h - firstHour(d); i < next-firstHour(d); i++ {
				seconds += int64(day[i])
			}
		}
		h = next
	}
	return seconds, u.since
}

// Run counts the time until ctx ends.
func (s *Store) Run(ctx context.Context) error {
	t := time.NewTicker(beatEvery)
	defer t.Stop()
	for {
		if err := s.Beat(ctx, s.opt.Now()); err != nil && ctx.Err() == nil {
			s.opt.Logger.Warn("the uptime could not be saved, trying again", "error", err)
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastBeat)
			defer cancel()
			return errors.Join(s.Beat(last, s.opt.Now()), ctx.Err())
		}
	}
}
