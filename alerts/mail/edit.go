package mail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"quantrac/geo"
)

// maxRecipients bounds who is looked at for every event.
const maxRecipients = 500

var (
	// ErrConfigured means that a recipient belongs to the configuration file and is changed there.
	ErrConfigured = errors.New("this e-mail recipient comes from the configuration file: change it there")
	// ErrTooMany means that there are maxRecipients already.
	ErrTooMany = fmt.Errorf("there are %d e-mail recipients already", maxRecipients)
)

// The sources of a recipient.
const (
	sourceAPI    = "api"
	sourceConfig = "config"
)

// kept is a recipient of the API as it is on disk.
type kept struct {
	Spec      wire      `json:"spec"`
	CreatedAt time.Time `json:"created_at"`
}

// Create adds a recipient; it gets the events of alerts from now on. It waits for Run. A Spec that is not right is an *Invalid; further
// errors: ErrTooMany, ErrDisabled when nothing is being sent any more.
func (s *Sender) Create(ctx context.Context, spec Spec) (Recipient, error) {
	r := newRecipient(&spec, randomID("ml_"), sourceAPI)
	r.created = s.opt.Now().UTC()
	err := s.inLoop(ctx, func() error {
		if problems := s.check(&spec, r.id); len(problems) > 0 {
			return &Invalid{problems}
		}
		if len(s.all()) >= maxRecipients {
			return ErrTooMany
		}
		return s.put(ctx, nil, r)
	})
	if err != nil {
		return Recipient{}, err
	}
	return s.view(r), nil
}

// Update replaces what is known of a recipient. E-mails under way go to the new address, and what waits is grouped anew; what waits
// for one that is being disabled is forgotten. Errors: ErrNotFound, ErrConfigured, ErrDisabled, *Invalid.
func (s *Sender) Update(ctx context.Context, id string, spec Spec) (Recipient, error) {
	r := newRecipient(&spec, id, sourceAPI)
	err := s.inLoop(ctx, func() error {
		old, err := s.editable(id)
		if err != nil {
			return err
		}
		if problems := s.check(&spec, id); len(problems) > 0 {
			return &Invalid{problems}
		}
		r.created = old.created
		if err := s.put(ctx, old, r); err != nil {
			return err
		}
		return s.regroup(ctx, old, r)
	})
	if err != nil {
		return Recipient{}, err
	}
	return s.view(r), nil
}

// Delete removes a recipient and forgets what waits for it. Errors: ErrNotFound, ErrConfigured, ErrDisabled.
func (s *Sender) Delete(ctx context.Context, id string) error {
	return s.inLoop(ctx, func() error {
		r, err := s.editable(id)
		if err != nil {
			return err
		}
		// A start that finds the place without the rest forgets it.
		if err := s.bucket.Delete(ctx, specKey+id); err != nil {
			return err
		}
		s.use(slices.DeleteFunc(slices.Clone(s.all()), func(o *recipient) bool { return o == r }))
		return s.bucket.Delete(ctx, recipientKey+id)
	})
}

// check finds faults in a Spec, and a name that another recipient has.
func (s *Sender) check(spec *Spec, id string) []geo.Problem {
	problems := spec.Check()
	if slices.ContainsFunc(s.all(), func(r *recipient) bool { return r.Name == spec.Name && r.id != id }) {
		problems = append(problems, geo.Problem{Path: "name", Message: "is the name of another recipient"})
	}
	return problems
}

func (s *Sender) editable(id string) (*recipient, error) {
	r := s.recipient(id)
	switch {
	case r == nil:
		return nil, ErrNotFound
	case r.source == sourceConfig:
		return nil, ErrConfigured
	}
	return r, nil
}

// put stores r in place of old. One that is new, or was disabled, begins with the present.
func (s *Sender) put(ctx context.Context, old, r *recipient) error {
	data, err := json.Marshal(kept{Spec: r.wire(), CreatedAt: r.created})
	if err != nil {
		return fmt.Errorf("write e-mail recipient %s: %w", r.id, err)
	}
	if old != nil && old.enabled() {
		r.from = old.from
	} else if r.from, err = s.opt.LastEvent(ctx); err != nil {
		return err
	}
	if err := s.bucket.Put(ctx, specKey+r.id, data); err != nil {
		return err
	}
	list := slices.Clone(s.all())
	if i := slices.Index(list, old); i >= 0 {
		list[i] = r
	} else {
		list = append(list, r)
	}
	if !r.enabled() {
		s.use(list)
		return s.bucket.Delete(ctx, recipientKey+r.id)
	}
	if err := s.bucket.Put(ctx, recipientKey+r.id, strconv.AppendUint(nil, r.from, 10)); err != nil {
		return err
	}
	s.use(list)
	return nil
}

// inLoop runs f where the groups live, and waits for it.
func (s *Sender) inLoop(ctx context.Context, f func() error) error {
	done := make(chan error, 1)
	select {
	case s.commands <- func() { done <- f() }:
		return <-done
	case <-s.ended:
		return ErrDisabled
	case <-ctx.Done():
		return ctx.Err()
	}
}
