package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"quantrac/ingest"
)

const trimEvery = 5 * time.Second

// trimLoop keeps INTAKE inside its retention and disk budget, as far as the slowest consumer allows, and measures the lags.
func (l *Log) trimLoop(ctx context.Context) {
	for pause(ctx, trimEvery) {
		if err := l.trim(ctx, time.Now()); err != nil && ctx.Err() == nil {
			l.opt.Logger.Warn("trimming the log failed, trying again", "error", err)
		}
	}
}

// floor is the sequence up to which nobody needs anything any more; lag is measured on the way.
func (l *Log) floor(last uint64) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	low := last
	for _, c := range l.cursors {
		low = min(low, c.keep.Load())
		l.opt.Metrics.lag.WithLabelValues(c.name).Set(float64(last - min(last, c.passed.Load())))
	}
	if len(l.cursors) == 0 {
		return 0
	}
	return low
}

func (l *Log) trim(ctx context.Context, now time.Time) error {
	info, err := l.intake.Info(ctx)
	if err != nil {
		return fmt.Errorf("state of %s: %w", intakeStream, err)
	}
	st := info.State
	floor := l.floor(st.LastSeq)
	if st.Msgs == 0 {
		l.full.Store(false)
		return nil
	}
	upto, excessTo := uint64(0), uint64(0)
	if st.Bytes > l.opt.MaxBytes {
		// The share of messages that must go, estimated; the next round corrects it.
		excess := float64(st.Bytes-l.opt.MaxBytes) / float64(st.Bytes)
		excessTo = min(st.FirstSeq+uint64(excess*float64(st.Msgs)), st.LastSeq)
		upto = excessTo
	}
	if cut := now.Add(-l.opt.Retention); st.FirstTime.Before(cut) {
		old, err := l.lastBefore(ctx, st.FirstSeq, min(floor, st.LastSeq), cut)
		if err != nil {
			return err
		}
		upto = max(upto, old)
	}
	// What the budget wants gone and somebody still needs keeps the doors closed, also while the slowest consumer moves.
	l.full.Store(st.Bytes > l.opt.MaxBytes && floor < excessTo)
	upto = min(upto, floor)
	if upto < st.FirstSeq {
		return nil
	}
	if err := l.intake.Purge(ctx, jetstream.WithPurgeSequence(upto+1)); err != nil {
		return fmt.Errorf("trim %s: %w", intakeStream, err)
	}
	return nil
}

// lastBefore finds the newest sequence in [first, last] that was stored before cut; first−1 when there is none.
func (l *Log) lastBefore(ctx context.Context, first, last uint64, cut time.Time) (uint64, error) {
	lo, hi := first, last+1
	for lo < hi {
		mid := lo + (hi-lo)/2
		m, err := l.intake.GetMsg(ctx, mid)
		if err != nil && !errors.Is(err, jetstream.ErrMsgNotFound) {
			return 0, fmt.Errorf("read %s at %d: %w", intakeStream, mid, err)
		}
		if err == nil && !m.Time.Before(cut) {
			hi = mid
			continue
		}
		lo = mid + 1
	}
	return lo - 1, nil
}

// Entry returns one message of INTAKE, or ok = false when it has been trimmed.
func (l *Log) Entry(ctx context.Context, sequence uint64) (b Batch, ok bool, err error) {
	m, err := l.intake.GetMsg(ctx, sequence)
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return Batch{}, false, nil
	case err != nil:
		return Batch{}, false, fmt.Errorf("read %s at %d: %w", intakeStream, sequence, err)
	}
	entries, err := newDecoder().batch(m.Data)
	if err != nil {
		return Batch{}, false, fmt.Errorf("%w: %w", errUnreadable, err)
	}
	return Batch{Sequence: sequence, Entries: entries}, true, nil
}

// tailMessages is how many messages Tail reads at most: what a crash can have left unacknowledged lies at the very end.
const tailMessages = 256

// Tail calls visit with the last entries of the log, in order.
func (l *Log) Tail(ctx context.Context, visit func(*ingest.Intake)) error {
	info, err := l.intake.Info(ctx)
	if err != nil {
		return fmt.Errorf("state of %s: %w", intakeStream, err)
	}
	st := info.State
	from := max(st.FirstSeq, 1)
	if st.LastSeq > tailMessages {
		from = max(from, st.LastSeq-tailMessages+1)
	}
	for seq := from; seq <= st.LastSeq; seq++ {
		b, ok, err := l.Entry(ctx, seq)
		if errors.Is(err, errUnreadable) {
			continue // as consumers do; it must not keep the service from starting
		}
		if err != nil {
			return err
		}
		for i := range b.Entries {
			if ok {
				visit(&b.Entries[i])
			}
		}
	}
	return nil
}

// LastSequence is the newest sequence of INTAKE.
func (l *Log) LastSequence(ctx context.Context) (uint64, error) {
	info, err := l.intake.Info(ctx)
	if err != nil {
		return 0, fmt.Errorf("state of %s: %w", intakeStream, err)
	}
	return info.State.LastSeq, nil
}
