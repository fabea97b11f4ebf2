package quality

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"sync"

	"quantrac/geo"
)

// Store keeps the counts. Reading, Delivery, Line and Save belong to one goroutine; all else may be called from anywhere.
type Store struct {
	opt Options
	// position is the batch up to which everything is saved.
	position uint64
	// torn are the parts that a save which a crash cut short may have written, with the batch up to which they hold everything;
	// tornUpto is the greatest of those.
	torn     map[place]uint64
	tornUpto uint64
	// floor is the first hour that is counted; see Options.Begun.
	floor int64
	// seen is the registry whose stations are known.
	seen *geo.Registry
	// coarse is the day up to which no hours are kept.
	coarse int64

	lastMeasured, lastReceived, lastAlive, lastLine spot
	hint                                            int
	near                                            nearState

	// reading lets one answer after the other be made: each may read a year.
	reading sync.Mutex

	mu     sync.RWMutex
	fresh  *generation
	frozen *saving
	states [stateShards]*stateSet
	have   map[place]struct{}
	cache  cache
	up     uptime
}

// saving is what a save writes. It stays the same until all of it is written: a write whose answer was lost is found by upto.
type saving struct {
	*generation
	// upto is the batch up to which everything is in it.
	upto   uint64
	states map[string][]byte
	// touches are the keys of all its parts, written or not, and of those that an earlier life has left in doubt.
	touches []string
}

const (
	positionKey = "position"
	beginKey    = "begin"
	coarseKey   = "coarse"
	stateKeys   = "t"
	sinceKey    = "since"
)

// progress is the value of positionKey. Parts are those that may hold more than what lies up to the position.
type progress struct {
	Position uint64   `json:"position"`
	Parts    []string `json:"parts,omitempty"`
}

func keysOf[V any](parts map[place]V) []string {
	keys := make([]string, 0, len(parts))
	for p := range parts {
		keys = append(keys, p.key())
	}
	return keys
}

// Open reads what is kept.
func Open(ctx context.Context, opt Options) (*Store, error) {
	s := &Store{opt: withDefaults(opt), torn: map[place]uint64{}, fresh: newGeneration(), have: map[place]struct{}{}}
	s.cache = newCache(s.opt.CacheBytes)
	steps := []func(context.Context) error{s.openBegin, s.openParts, s.openStates, s.openUptime}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return nil, fmt.Errorf("open the figures of quality: %w", err)
		}
	}
	s.learn()
	return s, nil
}

// openBegin finds the first hour that is counted, or decides it at the very start.
func (s *Store) openBegin(ctx context.Context) error {
	data, ok, err := s.opt.Bucket.Get(ctx, beginKey)
	if err != nil {
		return err
	}
	if ok {
		s.floor, err = strconv.ParseInt(string(data), 10, 64)
		return err
	}
	if s.opt.Begun {
		s.floor = hourOf(s.opt.Now().Unix())
	}
	return s.opt.Bucket.Put(ctx, beginKey, strconv.AppendInt(nil, s.floor, 10))
}

func (s *Store) openParts(ctx context.Context) error {
	keys, err := s.opt.Bucket.Keys(ctx)
	if err != nil {
		return err
	}
	for _, key := range keys {
		if p, ok := parsePlace(key); ok {
			s.have[p] = struct{}{}
		}
	}
	data, ok, err := s.opt.Bucket.Get(ctx, coarseKey)
	if err != nil {
		return err
	}
	if ok {
		if s.coarse, err = strconv.ParseInt(string(data), 10, 64); err != nil {
			return err
		}
	}
	var at progress
	if data, ok, err = s.opt.Bucket.Get(ctx, positionKey); err != nil || !ok {
		return err
	}
	if err := json.Unmarshal(data, &at); err != nil {
		return err
	}
	s.position = at.Position
	for _, key := range at.Parts {
		p, _ := parsePlace(key)
		part, err := s.load(ctx, p)
		if err != nil {
			return err
		}
		s.torn[p], s.tornUpto = part.upto, max(s.tornUpto, part.upto)
	}
	return nil
}

func parsePlace(key string) (p place, ok bool) {
	day, shard, ok := strings.Cut(strings.TrimPrefix(key, "d"), ".")
	if !ok || !strings.HasPrefix(key, "d") {
		return p, false
	}
	n, err := strconv.ParseInt(day, 10, 64)
	if err != nil {
		return p, false
	}
	m, err := strconv.ParseUint(shard, 10, 32)
	return place{n, uint32(m)}, err == nil
}

func (s *Store) openStates(ctx context.Context) error {
	for i := range s.states {
		s.states[i] = &stateSet{stations: map[string]*state{}}
		data, ok, err := s.opt.Bucket.Get(ctx, stateKeys+strconv.Itoa(i))
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if s.states[i], err = decodeStates(data); err != nil {
			return fmt.Errorf("%s%d %w", stateKeys, i, err)
		}
	}
	return nil
}

// learn notes since when the registry has its stations.
func (s *Store) learn() {
	reg := s.opt.Registry()
	if reg == s.seen {
		return
	}
	s.seen = reg
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.opt.Now().Unix()
	for i := range reg.Stations() {
		id := reg.Stations()[i].ID
		set := s.states[shardOf(id, stateShards)]
		if st := set.of(id); st.known == none {
			st.known, set.changed = now, true
		}
	}
}

// load reads a part as it is on disk; one that is not there is empty.
func (s *Store) load(ctx context.Context, p place) (*part, error) {
	s.mu.RLock()
	_, there := s.have[p]
	s.mu.RUnlock()
	return s.read(ctx, p, there, false)
}

func (s *Store) read(ctx context.Context, p place, there, daily bool) (*part, error) {
	empty := newPart()
	empty.daily = daily
	if !there {
		return empty, nil
	}
	data, ok, err := s.opt.Bucket.Get(ctx, p.key())
	if err != nil || !ok {
		return empty, err
	}
	out, err := decode(data, daily)
	if err != nil {
		return nil, fmt.Errorf("figures of quality %s: %w", p.key(), err)
	}
	return out, nil
}

// Save writes what was counted up to a batch, which is whole: all of it was heard, and nothing of the next.
func (s *Store) Save(ctx context.Context, sequence uint64) error {
	s.learn()
	for s.position < sequence {
		if s.frozen == nil && !s.freeze(sequence) {
			return nil
		}
		if err := s.write(ctx); err != nil {
			return fmt.Errorf("save the figures of quality: %w", err)
		}
	}
	if err := s.coarsen(ctx); err != nil {
		s.opt.Logger.Warn("the upkeep of the figures of quality failed, trying again", "error", err)
	}
	return nil
}

// freeze puts aside what is to be written; false = there is nothing.
func (s *Store) freeze(sequence uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := &saving{generation: s.fresh, states: map[string][]byte{}}
	for i, set := range s.states {
		if set.changed {
			out.states[stateKeys+strconv.Itoa(i)] = set.encode()
			set.changed = false
		}
	}
	if len(out.parts) == 0 && len(out.states) == 0 {
		return false
	}
	out.upto, out.touches = sequence, append(keysOf(out.parts), keysOf(s.torn)...)
	s.frozen, s.fresh = out, newGeneration()
	s.lastMeasured, s.lastReceived, s.lastAlive, s.lastLine = spot{}, spot{}, spot{}, spot{}
	return true
}

// write writes what is frozen: first which parts it will touch, then those, then the states, then the position. A crash between leaves
// parts that say so themselves, and states that are not newer than they.
func (s *Store) write(ctx context.Context) error {
	f := s.frozen
	if err := s.putProgress(ctx, "intent", progress{Position: s.position, Parts: f.touches}); err != nil {
		return err
	}
	for p, fresh := range maps.Clone(f.parts) {
		if err := s.writePart(ctx, p, fresh); err != nil {
			return err
		}
	}
	for key, value := range f.states {
		if err := s.put(ctx, "state", key, value); err != nil {
			return err
		}
	}
	done := progress{Position: f.upto}
	if f.upto < s.tornUpto {
		done.Parts = keysOf(s.torn)
	}
	if err := s.putProgress(ctx, "position", done); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.position, s.frozen = f.upto, nil
	if s.position >= s.tornUpto {
		clear(s.torn)
	}
	return nil
}

func (s *Store) putProgress(ctx context.Context, step string, at progress) error {
	data, err := json.Marshal(at)
	if err != nil {
		return err
	}
	return s.put(ctx, step, positionKey, data)
}

// partBytes is the greatest size of a part. One that grows beyond it loses its hours.
const partBytes = 800 << 10

func (s *Store) writePart(ctx context.Context, p place, fresh *part) error {
	whole, err := s.load(ctx, p)
	if err != nil {
		return err
	}
	if whole.upto < s.frozen.upto {
		whole.add(fresh)
		whole.upto = s.frozen.upto
		data := whole.encode()
		if len(data) > partBytes {
			data = whole.collapsed().encode()
		}
		if err := s.put(ctx, "part", p.key(), data); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.frozen.parts, p)
	s.have[p] = struct{}{}
	s.cache.drop(p)
	return nil
}

// coarsen gives up the hours of days that are long over.
func (s *Store) coarsen(ctx context.Context) error {
	upto := dayOf(hourOf(s.opt.Now().Unix())) - hourlyDays
	if s.coarse >= upto {
		return nil
	}
	for p := range s.have { // only this goroutine writes it
		if p.day > upto || p.day <= s.coarse {
			continue
		}
		whole, err := s.load(ctx, p)
		if err != nil {
			return err
		}
		if whole.daily {
			continue
		}
		if err := s.put(ctx, "coarse part", p.key(), whole.collapsed().encode()); err != nil {
			return err
		}
	}
	if err := s.put(ctx, "coarse", coarseKey, strconv.AppendInt(nil, upto, 10)); err != nil {
		return err
	}
	s.coarse = upto
	return nil
}
