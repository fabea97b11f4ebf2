package mail

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Keys of the bucket.
const (
	// recipientKey has the place in the journal behind which a recipient gets events; without it the recipient is new.
	recipientKey = "recipient."
	// specKey has what the API said of a recipient.
	specKey     = "spec."
	groupPrefix = "group."
	placeKey    = "place"
)

// load reads what is waiting, and brings the recipients in line with the configuration.
func (s *Sender) load(ctx context.Context) error {
	last, err := s.opt.LastEvent(ctx)
	if err != nil {
		return err
	}
	s.passed = last
	from := map[string]uint64{}
	var stored []*group
	var made []*recipient
	err = s.bucket.All(ctx, func(key string, value []byte) (err error) {
		switch {
		case key == placeKey:
			s.passed, err = strconv.ParseUint(string(value), 10, 64)
		case strings.HasPrefix(key, recipientKey):
			from[strings.TrimPrefix(key, recipientKey)], err = strconv.ParseUint(string(value), 10, 64)
		case strings.HasPrefix(key, specKey):
			var r *recipient
			r, err = readRecipient(strings.TrimPrefix(key, specKey), value)
			made = append(made, r)
		case strings.HasPrefix(key, groupPrefix):
			g := &group{}
			err = json.Unmarshal(value, g)
			stored = append(stored, g)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if s.passed > last {
		s.opt.Logger.Warn("the alert journal began anew, and so do e-mails", "place", s.passed, "journal", last)
		s.passed = last
	}
	s.saved = s.passed
	if err := s.configure(ctx, last, from, made); err != nil {
		return err
	}
	return s.adopt(ctx, last, stored)
}

// configure makes the recipients: those of the configuration, and those that the API made. A new one begins with the present; one
// that is gone, or disabled, is forgotten.
func (s *Sender) configure(ctx context.Context, last uint64, from map[string]uint64, made []*recipient) error {
	var list []*recipient
	for i := range s.opt.Configured {
		spec := &s.opt.Configured[i]
		list = append(list, newRecipient(spec, configuredID(spec.Name), sourceConfig))
	}
	slices.SortFunc(made, func(a, b *recipient) int { return cmp.Or(a.created.Compare(b.created), strings.Compare(a.id, b.id)) })
	list = append(list, made...)
	s.use(list)
	for _, r := range list {
		at, known := from[r.id]
		if !r.enabled() {
			continue
		}
		delete(from, r.id)
		if r.from = min(at, last); known {
			continue
		}
		r.from = last
		if err := s.bucket.Put(ctx, recipientKey+r.id, strconv.AppendUint(nil, last, 10)); err != nil {
			return err
		}
	}
	for id := range from {
		if err := s.bucket.Delete(ctx, recipientKey+id); err != nil {
			return err
		}
	}
	return nil
}

func readRecipient(id string, value []byte) (*recipient, error) {
	var k kept
	if err := json.Unmarshal(value, &k); err != nil {
		return nil, err
	}
	spec, err := k.Spec.spec()
	if err != nil {
		return nil, err
	}
	r := newRecipient(&spec, id, sourceAPI)
	r.created = k.CreatedAt
	return r, nil
}

// adopt takes over the groups of those who are still there.
func (s *Sender) adopt(ctx context.Context, last uint64, stored []*group) error {
	for _, g := range stored {
		r := s.recipient(g.Recipient)
		if r == nil || !r.enabled() {
			if err := s.bucket.Delete(ctx, storeKey(g)); err != nil {
				return err
			}
			continue
		}
		if g.Upto.Seq > last {
			g.Upto = place{Seq: last}
		}
		s.groups[groupID{g.Recipient, g.Key}] = g
	}
	return nil
}

// all lists the recipients.
func (s *Sender) all() []*recipient { return *s.recipients.Load() }

func (s *Sender) use(list []*recipient) { s.recipients.Store(&list) }

func (s *Sender) recipient(id string) *recipient {
	for _, r := range s.all() {
		if r.id == id {
			return r
		}
	}
	return nil
}

// save writes what has changed: groups first, then the place, and only then what is over may go, because until then a start would
// look again at the events that it knows of.
func (s *Sender) save(ctx context.Context) error {
	for _, g := range s.groups {
		if err := s.keep(ctx, g); err != nil {
			return err
		}
	}
	if s.passed > s.saved {
		if err := s.bucket.Put(ctx, placeKey, strconv.AppendUint(nil, s.passed, 10)); err != nil {
			return err
		}
		s.saved = s.passed
	}
	for id, g := range s.groups {
		if !g.removed {
			continue
		}
		if err := s.bucket.Delete(ctx, storeKey(g)); err != nil {
			return err
		}
		delete(s.groups, id)
	}
	s.opt.Metrics.open.Set(float64(len(s.groups)))
	return nil
}

// keep writes a group if it has changed.
func (s *Sender) keep(ctx context.Context, g *group) error {
	if !g.dirty {
		return nil
	}
	data, err := json.Marshal(g)
	if err != nil {
		return fmt.Errorf("write e-mail group: %w", err)
	}
	if err := s.bucket.Put(ctx, storeKey(g), data); err != nil {
		return err
	}
	g.dirty = false
	return nil
}

func storeKey(g *group) string { return groupPrefix + threadID(g.Recipient, g.Key) }

// threadID names a group for ever.
func threadID(recipient string, key groupKey) string {
	h := sha256.New()
	for _, part := range []string{recipient, key.Park, key.Rule, key.Station, key.Parameter, key.Again} {
		_, _ = h.Write([]byte(part))
		_, _ = h.Write([]byte{0})
	}
	if key.Rest {
		_, _ = h.Write([]byte("rest"))
	}
	return "quantrac-" + hex.EncodeToString(h.Sum(nil)[:12])
}

func mailID() string { return randomID("mail_") }

func randomID(prefix string) string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // never fails
	return prefix + hex.EncodeToString(b[:])
}

// configuredID names a recipient of the configuration by its name, so that it stays itself over restarts.
func configuredID(name string) string {
	sum := sha256.Sum256([]byte(name))
	return "ml_cfg" + hex.EncodeToString(sum[:8])
}
