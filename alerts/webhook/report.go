package webhook

import (
	"context"
	"time"
)

// Death is a delivery that nobody took: a recipient was not told of an alert.
type Death struct {
	Alert string
	// Recipient is "webhook:<id>"; the event that is made of a death must carry it as its By, so that it goes to the others only.
	Recipient string
	// Comment says in one line who was not told of what.
	Comment string
	At      time.Time
}

// keeper saves places and the ledger, and tells of what has died.
type keeper struct {
	wake chan struct{} // capacity 1: one more look is enough however many died
}

const (
	saveEvery = time.Second
	// foldEvery is how often the ledger is saved; a start reads again what was recorded since.
	foldEvery = 10 * time.Second
)

// wakeKeeper makes the keeper look for dead deliveries soon.
func (s *Sender) wakeKeeper() {
	select {
	case s.keeper.wake <- struct{}{}:
	default:
	}
}

// keep runs until ctx ends.
func (s *Sender) keep(ctx context.Context) {
	places, folds := time.NewTicker(saveEvery), time.NewTicker(foldEvery)
	defer places.Stop()
	defer folds.Stop()
	for {
		var err error
		select {
		case <-places.C:
			err = s.savePlaces(ctx)
		case <-folds.C:
			err = s.checkpoint(ctx)
		case <-s.keeper.wake:
			err = s.checkpoint(ctx)
		case <-ctx.Done():
			return
		}
		if err != nil && ctx.Err() == nil {
			s.opt.Logger.Warn("saving the state of webhooks failed, trying again", "error", err)
		}
	}
}

// checkpoint saves places and ledger so that the next start goes on from there. What a webhook needs of the ledger is looked up before
// the places are saved: later its worker may have passed more than the place on disk says.
func (s *Sender) checkpoint(ctx context.Context) error {
	needed := s.ledger.newest()
	s.mu.RLock()
	for _, w := range s.workers {
		needed = min(needed, w.needed.Load())
	}
	s.mu.RUnlock()
	if err := s.savePlaces(ctx); err != nil {
		return err
	}
	return s.ledger.fold(ctx, needed, s.report)
}

// report tells of a dead delivery.
func (s *Sender) report(ctx context.Context, a *Attempt) error {
	h, err := s.find(a.Webhook)
	if err != nil {
		return nil //nolint:nilerr // it was deleted: nobody waits for it
	}
	return s.opt.Report(ctx, Death{
		Alert: a.Alert, Recipient: h.recipient(), At: a.At, Comment: "webhook " + h.Name + ": " + string(a.Type),
	})
}
