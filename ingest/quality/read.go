package quality

import (
	"context"
	"fmt"
)

// cache keeps what was read of whole days, as written, without hours.
type cache struct {
	most, bytes int
	parts       map[place][]byte
	// drops counts what was dropped, so that nothing read before is put in behind it.
	drops uint64
}

func newCache(most int) cache { return cache{most: most, parts: map[place][]byte{}} }

// entryCost is what an entry takes beside its bytes.
const entryCost = 64

func (c *cache) drop(p place) {
	c.drops++
	if data, ok := c.parts[p]; ok {
		c.bytes -= len(data) + entryCost
		delete(c.parts, p)
	}
}

// put keeps a value where there is room, which it makes by forgetting others.
func (c *cache) put(p place, data []byte) {
	c.drop(p)
	for other := range c.parts {
		if c.bytes+len(data)+entryCost <= c.most {
			break
		}
		c.drop(other)
	}
	if c.bytes+len(data)+entryCost <= c.most {
		c.parts[p] = data
		c.bytes += len(data) + entryCost
	}
}

// whole is a part with what is not saved yet, if daily says so without its hours.
func (s *Store) whole(ctx context.Context, p place, daily bool) (*part, error) {
	s.mu.RLock()
	_, there := s.have[p]
	if !s.unsaved(p) {
		s.mu.RUnlock()
		return s.read(ctx, p, there, daily)
	}
	defer s.mu.RUnlock() // a save must not move what is read twice or not at all
	out, err := s.read(ctx, p, there, daily)
	if err != nil {
		return nil, err
	}
	if f := s.frozen; f != nil && f.parts[p] != nil && out.upto < f.upto {
		out.add(f.parts[p])
	}
	if fresh := s.fresh.parts[p]; fresh != nil {
		out.add(fresh)
	}
	return out, nil
}

func (s *Store) unsaved(p place) bool {
	return s.fresh.parts[p] != nil || s.frozen != nil && s.frozen.parts[p] != nil
}

// wholeDay is a part with what is not saved yet, without its hours.
func (s *Store) wholeDay(ctx context.Context, p place) (*part, error) {
	s.mu.RLock()
	data, cached := s.cache.parts[p]
	_, there := s.have[p]
	unsaved, drops := s.unsaved(p), s.cache.drops
	s.mu.RUnlock()
	switch {
	case !unsaved && !there:
		return newPart(), nil
	case !unsaved && cached:
		out, err := decode(data, true)
		if err != nil {
			return nil, fmt.Errorf("figures of quality %s: %w", p.key(), err)
		}
		return out, nil
	}
	out, err := s.whole(ctx, p, true)
	if err != nil || unsaved {
		return out, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cache.drops == drops && !s.unsaved(p) {
		s.cache.put(p, out.encode())
	}
	return out, nil
}
