package books

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"quantrac/ingest/stream"
)

// shards is into how many values a day of the archive is cut, by station.
const shards = 32

// part names one value of the archive: a day (Unix days) of one shard.
type part struct {
	day   int64
	shard uint32
}

func partOf(k Key, hour int64) part { return part{dayOf(hour), hash(k.holder()) % shards} }

func (p part) key() string { return fmt.Sprintf("d%d.%02d", p.day, p.shard) }

// archive keeps the figures of each hour, and beyond hourlyDays of each day, on disk. Each part says up to which record of BOOKS
// it holds everything, so that after a crash nothing enters it twice.
type archive struct {
	bucket *stream.Bucket
	// filling keeps queries away while figures move from memory to disk.
	filling sync.RWMutex
	days    map[int64]struct{}
	// doubt is a write of which it is not known whether it took place.
	doubt *moved
	// upto are the parts that a start has asked about; nil once it is over.
	upto map[part]uint64
}

// dailyKey holds the day up to which the archive knows no hours any more.
const dailyKey = "daily"

func (c *Clerk) openArchive(ctx context.Context) error {
	b, err := c.opt.Log.Bucket(ctx, "ledger")
	if err != nil {
		return err
	}
	c.archive = &archive{bucket: b, days: map[int64]struct{}{}, upto: map[part]uint64{}}
	keys, err := b.Keys(ctx)
	if err != nil {
		return err
	}
	for _, key := range keys {
		if day, _, ok := strings.Cut(strings.TrimPrefix(key, "d"), "."); ok {
			n, err := strconv.ParseInt(day, 10, 64)
			if err != nil {
				return fmt.Errorf("ledger archive %s: %w", key, err)
			}
			c.archive.days[n] = struct{}{}
		}
	}
	for id, h := range c.holders {
		if err := c.dropArchived(ctx, id, h); err != nil {
			return err
		}
	}
	return nil
}

// dropArchived leaves out of a restored holder the hours that had moved to the archive before the crash.
func (c *Clerk) dropArchived(ctx context.Context, id string, h *holder) error {
	for i := range h.accounts {
		a := &h.accounts[i]
		kept := a.Hours[:0]
		for _, hc := range a.Hours {
			p := part{dayOf(hc.Hour), hash(id) % shards}
			if err := c.archive.ask(ctx, p); err != nil {
				return err
			}
			if !c.archive.has(p, h.posted) {
				kept = append(kept, hc)
			}
		}
		a.Hours = kept
	}
	return nil
}

// ask reads up to which record a part is made up.
func (a *archive) ask(ctx context.Context, p part) error {
	if _, known := a.upto[p]; known {
		return nil
	}
	v, err := a.load(ctx, p)
	a.upto[p] = v.upto
	return err
}

// know asks about all that a record touches.
func (a *archive) know(ctx context.Context, rec *record) error {
	for i := range rec.Lines {
		if err := a.ask(ctx, partOf(rec.Lines[i].Key, hourOf(rec.Lines[i].At))); err != nil {
			return err
		}
	}
	return nil
}

// has reports whether a part holds what a record of BOOKS says; what is booked after the start it can't.
func (a *archive) has(p part, sequence uint64) bool { return sequence <= a.upto[p] }

func (a *archive) load(ctx context.Context, p part) (dayPart, error) {
	if _, ok := a.days[p.day]; !ok {
		return newDayPart(), nil
	}
	data, ok, err := a.bucket.Get(ctx, p.key())
	if err != nil || !ok {
		return newDayPart(), err
	}
	v, err := decodeDayPart(data)
	if err != nil {
		return v, fmt.Errorf("ledger archive %s: %w", p.key(), err)
	}
	return v, nil
}

// partBytes is the greatest size of a part. One that grows beyond it loses hours first, then gateways.
const partBytes = 800 << 10

func (a *archive) put(ctx context.Context, p part, v dayPart) error {
	data := v.encode()
	if len(data) > partBytes {
		v.toDay(p.day)
		data = v.encode()
	}
	if len(data) > partBytes {
		v.toOthers()
		data = v.encode()
	}
	return a.bucket.Put(ctx, p.key(), data)
}

// moved is what one write to the archive takes out of the accounts.
type moved struct {
	part   part
	upto   uint64
	counts []movedCount
}

type movedCount struct {
	holder, gateway string
	hourCount
}

// fillArchive moves the hours of all accounts to the archive.
func (c *Clerk) fillArchive(ctx context.Context) error {
	c.archive.filling.Lock()
	defer c.archive.filling.Unlock()
	moving := map[part]*moved{}
	for id, h := range c.holders {
		for i := range h.accounts {
			for _, hc := range h.accounts[i].Hours {
				p := part{dayOf(hc.Hour), hash(id) % shards}
				if moving[p] == nil {
					moving[p] = &moved{part: p, upto: c.last}
				}
				moving[p].counts = append(moving[p].counts, movedCount{id, h.accounts[i].Gateway, hc})
			}
		}
	}
	for _, p := range slices.SortedFunc(maps.Keys(moving), func(a, b part) int {
		return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.shard, b.shard))
	}) {
		if err := c.move(ctx, moving[p]); err != nil {
			return fmt.Errorf("ledger archive %s: %w", p.key(), err)
		}
	}
	return nil
}

func (c *Clerk) move(ctx context.Context, m *moved) error {
	v, err := c.archive.load(ctx, m.part)
	if err != nil {
		return err
	}
	for _, n := range m.counts {
		v.add(Key{n.gateway, stationOf(n.holder)}, n.hourCount)
	}
	v.upto = m.upto
	if err := c.opt.fault("before archive"); err != nil {
		return err
	}
	c.archive.doubt = m
	if err := c.archive.put(ctx, m.part, v); err != nil {
		return err
	}
	if err := c.opt.fault("after archive"); err != nil {
		return err
	}
	c.takeOut(m)
	return nil
}

// settle finds out whether the last write to the archive, whose answer was lost, took place. Until that is known nothing may be saved:
// a chunk would say that it holds what the archive holds already.
func (c *Clerk) settle(ctx context.Context) error {
	m := c.archive.doubt
	if m == nil {
		return nil
	}
	c.archive.filling.Lock()
	defer c.archive.filling.Unlock()
	data, ok, err := c.archive.bucket.Get(ctx, m.part.key())
	if err != nil {
		return err
	}
	if ok {
		v, err := decodeDayPart(data)
		if err != nil {
			return fmt.Errorf("ledger archive %s: %w", m.part.key(), err)
		}
		ok = v.upto == m.upto
	}
	if ok {
		c.takeOut(m)
	}
	c.archive.doubt = nil
	return nil
}

// takeOut leaves in the accounts what has come in since.
func (c *Clerk) takeOut(m *moved) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.archive.doubt = nil
	c.archive.days[m.part.day] = struct{}{}
	for i := range m.counts {
		n := &m.counts[i]
		h := c.holders[n.holder]
		a := h.account(n.gateway)
		a.addHour(n.Hour, n.minus())
		a.Hours = slices.DeleteFunc(a.Hours, func(hc hourCount) bool { return hc.Counts == Counts{} })
		if len(a.Hours) == 0 {
			a.Hours = nil
		}
		c.touch(h)
	}
}

// coarsen gives up the hours of the days up to one.
func (a *archive) coarsen(ctx context.Context, upto int64) error {
	text, ok, err := a.bucket.Get(ctx, dailyKey)
	if err != nil {
		return err
	}
	done := upto - 1
	for day := range a.days {
		done = min(done, day-1)
	}
	if ok {
		if done, err = strconv.ParseInt(string(text), 10, 64); err != nil {
			return fmt.Errorf("ledger archive %s: %w", dailyKey, err)
		}
	}
	if done >= upto {
		return nil
	}
	a.filling.Lock()
	defer a.filling.Unlock()
	for day := range a.days {
		if day <= done || day > upto {
			continue
		}
		if err := a.coarsenDay(ctx, day); err != nil {
			return err
		}
	}
	return a.bucket.Put(ctx, dailyKey, strconv.AppendInt(nil, upto, 10))
}

func (a *archive) coarsenDay(ctx context.Context, day int64) error {
	for shard := range uint32(shards) {
		p := part{day, shard}
		v, err := a.load(ctx, p)
		if err != nil {
			return err
		}
		if v.daily || len(v.counts) == 0 {
			continue
		}
		v.toDay(day)
		if err := a.put(ctx, p, v); err != nil {
			return err
		}
	}
	return nil
}
