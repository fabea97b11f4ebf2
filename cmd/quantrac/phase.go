package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// phase is a set of components that start together and stop together. The service has five: simulator, doors, log,
// consumers, web, and stops them in that order, so that nothing is fed into a part that has gone.
type phase struct {
	name   string
	ctx    context.Context
	cancel context.CancelFunc
	fail   func(error)
	wg     sync.WaitGroup

	mu sync.Mutex
	// running counts the components that have not ended, by name.
	running map[string]int
}

func newPhase(name string, fail func(error)) *phase {
	ctx, cancel := context.WithCancel(context.Background())
	return &phase{name: name, ctx: ctx, cancel: cancel, fail: fail, running: map[string]int{}}
}

// start runs a component until the phase stops. One that ends by itself takes the service with it.
func (p *phase) start(name string, run func(ctx context.Context) error) {
	p.count(name, 1)
	p.wg.Go(func() {
		defer p.count(name, -1)
		err := run(p.ctx)
		if p.ctx.Err() != nil && (err == nil || errors.Is(err, context.Canceled)) {
			return
		}
		if err == nil {
			err = errors.New("ended by itself")
		}
		p.fail(fmt.Errorf("%s: %w", name, err))
	})
}

func (p *phase) count(name string, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running[name] += n; p.running[name] == 0 {
		delete(p.running, name)
	}
}

// left names the components that have not ended.
func (p *phase) left() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(slices.Sorted(maps.Keys(p.running)), ", ")
}

// stop ends the phase and waits at most so long for its components.
func (p *phase) stop(most time.Duration) error {
	p.cancel()
	done := make(chan struct{})
	go func() { p.wg.Wait(); close(done) }()
	t := time.NewTimer(most)
	defer t.Stop()
	select {
	case <-done:
		return nil
	case <-t.C:
		return fmt.Errorf("%s did not stop within %s: %s", p.name, most, p.left())
	}
}
