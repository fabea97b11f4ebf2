package webhook

import (
	"net/http"
	"net/url"
	"sync"
	"time"
)

const (
	// pauseAfter is how many failures in a row make a host one that is left alone.
	pauseAfter = 5
	// The first pause, which doubles up to the longest one: that is how late a host that is back is noticed.
	firstPause = 5 * time.Second
	maxPause   = 5 * time.Minute
	// probeWait is how soon it is asked again while another try finds out.
	probeWait = time.Second
)

// circuits leave dead hosts alone: after pauseAfter failures in a row everything to that host waits, and one try at a time finds out
// whether it is back. Deliveries do not lose tries by waiting. Hosts that answer take no memory.
type circuits struct {
	mu    sync.Mutex
	hosts map[string]*circuit
}

type circuit struct {
	failures int
	// since is the first failure in a row; until the end of the pause, if failures reach pauseAfter.
	since, until time.Time
	pause        time.Duration
	probing      bool
}

func newCircuits() *circuits { return &circuits{hosts: map[string]*circuit{}} }

// hostOf is what shares a circuit: the host and port of a URL.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return u.Host
}

// enter asks whether a try may begin. If it may, leave must follow with the same probe; else wake is when to ask again.
func (c *circuits) enter(host string, now time.Time) (ok, probe bool, wake time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.hosts[host]
	switch {
	case k == nil || k.failures < pauseAfter:
		return true, false, time.Time{}
	case now.Before(k.until):
		return false, false, k.until
	case k.probing:
		return false, false, now.Add(probeWait)
	}
	k.probing = true
	return true, true, time.Time{}
}

// verdict is what a try says about its host.
type verdict int

const (
	saysNothing verdict = iota
	alive
	failing
)

// judgeHost tells a host that is not there from one that does not like a request.
func judgeHost(status int) verdict {
	switch status {
	case 0, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return failing
	}
	return alive
}

// leave ends a try.
func (c *circuits) leave(host string, probe bool, v verdict, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.hosts[host]
	if k != nil && probe {
		k.probing = false
	}
	switch v {
	case saysNothing:
		return
	case alive:
		delete(c.hosts, host)
		return
	}
	if k == nil {
		k = &circuit{since: now}
		c.hosts[host] = k
	}
	k.failures++
	if k.failures < pauseAfter || !probe && now.Before(k.until) {
		return // what was under way when the pause began does not lengthen it
	}
	k.pause = min(max(2*k.pause, firstPause), maxPause)
	k.until = now.Add(k.pause)
}

// hurry ends the present pause of a host, so that the next try finds out.
func (c *circuits) hurry(host string, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if k := c.hosts[host]; k != nil && now.Before(k.until) {
		k.until = now
	}
}

// look is what is known of a host.
func (c *circuits) look(host string) (circuit, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.hosts[host]
	if k == nil {
		return circuit{}, false
	}
	return *k, k.failures >= pauseAfter
}
