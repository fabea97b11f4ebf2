package broker

import (
	"sync"
)

// maxSubscriptions is how many filters a client may subscribe to.
const maxSubscriptions = 100

// routes knows who wants to hear what.
type routes struct {
	mu sync.RWMutex
	// plain are the subscribers by filter, shared those that take turns by filter and group.
	plain  map[string]map[*client]*subscription
	shared map[string]map[string]*group
}

// subscription is one filter of one client.
type subscription struct {
	filterRequest
	// id is the subscription identifier of MQTT 5; 0 = none.
	id           int
	group, plain string
}

// group takes turns.
type group struct {
	members []*client
	subs    []*subscription
	next    int
}

func newRoutes() *routes {
	return &routes{plain: map[string]map[*client]*subscription{}, shared: map[string]map[string]*group{}}
}

// add subscribes a client. existed says that it replaces a subscription with the same filter; ok is false when the client
// has too many, or its session is over.
func (r *routes) add(c *client, sub *subscription) (existed, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.gone {
		return false, false
	}
	if _, existed = c.subs[sub.filter]; existed {
		r.drop(c, sub.filter)
	} else if len(c.subs) >= maxSubscriptions {
		return false, false
	}
	if c.subs == nil {
		c.subs = map[string]*subscription{}
	}
	c.subs[sub.filter] = sub
	if sub.group == "" {
		if r.plain[sub.plain] == nil {
			r.plain[sub.plain] = map[*client]*subscription{}
		}
		r.plain[sub.plain][c] = sub
		return existed, true
	}
	if r.shared[sub.plain] == nil {
		r.shared[sub.plain] = map[string]*group{}
	}
	g := r.shared[sub.plain][sub.group]
	if g == nil {
		g = &group{}
		r.shared[sub.plain][sub.group] = g
	}
	g.members, g.subs = append(g.members, c), append(g.subs, sub)
	return existed, true
}

// remove ends a subscription and reports whether there was one.
func (r *routes) remove(c *client, filter string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := c.subs[filter]; !ok {
		return false
	}
	r.drop(c, filter)
	return true
}

// forget ends all subscriptions of a client, which gets no more.
func (r *routes) forget(c *client) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for filter := range c.subs {
		r.drop(c, filter)
	}
	c.subs, c.gone = nil, true
}

// restrict ends the subscriptions of a client that it may not have any more.
func (r *routes) restrict(c *client, mayRead func(filter string) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for filter, sub := range c.subs {
		if !mayRead(sub.plain) {
			r.drop(c, filter)
		}
	}
}

func (r *routes) drop(c *client, filter string) {
	sub := c.subs[filter]
	delete(c.subs, filter)
	if sub.group == "" {
		delete(r.plain[sub.plain], c)
		if len(r.plain[sub.plain]) == 0 {
			delete(r.plain, sub.plain)
		}
		return
	}
	groups := r.shared[sub.plain]
	g := groups[sub.group]
	for i, member := range g.members {
		if member == c {
			g.members, g.subs = append(g.members[:i:i], g.members[i+1:]...), append(g.subs[:i:i], g.subs[i+1:]...)
			break
		}
	}
	if len(g.members) == 0 {
		delete(groups, sub.group)
	}
	if len(groups) == 0 {
		delete(r.shared, sub.plain)
	}
}

// target is a connection that gets a message, by one or more of its subscriptions.
type target struct {
	s                 *session
	ids               []int
	retainAsPublished bool
}

// targets are the connections that a message goes to: each client once, and of each group one member that is connected.
func (r *routes) targets(topic string, origin *client) []*target {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.plain) == 0 && len(r.shared) == 0 {
		return nil
	}
	found := map[*client]*target{}
	add := func(c *client, sub *subscription) {
		s := c.current.Load()
		if s == nil || (sub.noLocal && c == origin) || !s.identity.mayHear(sub.plain, topic) {
			return
		}
		t := found[c]
		if t == nil {
			t = &target{s: s}
			found[c] = t
		}
		t.retainAsPublished = t.retainAsPublished || sub.retainAsPublished
		if sub.id > 0 {
			t.ids = append(t.ids, sub.id)
		}
	}
	filtersOf(topic, func(filter string) {
		for c, sub := range r.plain[filter] {
			add(c, sub)
		}
		for _, g := range r.shared[filter] {
			if c, sub := g.turn(topic); c != nil {
				add(c, sub)
			}
		}
	})
	all := make([]*target, 0, len(found))
	for _, t := range found {
		all = append(all, t)
	}
	return all
}

// turn is the next member of a group that is connected and may hear of a topic.
func (g *group) turn(topic string) (*client, *subscription) {
	for range g.members {
		i := g.next % len(g.members)
		g.next = i + 1
		if s := g.members[i].current.Load(); s != nil && s.identity.mayHear(g.subs[i].plain, topic) {
			return g.members[i], g.subs[i]
		}
	}
	return nil, nil
}
