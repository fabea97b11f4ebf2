// Package rulebook keeps what people decide about the rules and the law while the service runs: edits of rules, and marks that a limit
// set was compared with the official text, each under its id in a bucket.
//
// It promises: what Put and Delete returned nil for is on disk and in force; an edit goes before the rule of the file of its id, and
// deleting it brings the file's back; a stored edit that is no longer sound rests and is told of, and never keeps the service from
// starting.
package rulebook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"quantrac/alerts"
	"quantrac/geo"
	"quantrac/ingest/stream"
)

// Errors of a Book.
var (
	ErrNotFound = errors.New("there is no such rule")
	// ErrFile means that a rule stands in the rules file and has no edit.
	ErrFile = errors.New("the rule stands in the rules file: change it there, or put an edit with enabled: false over it")
	ErrFull = errors.New("there are too many edited rules")
)

// mostEdits bounds what the API can make the engine apply to every reading.
const mostEdits = 500

// Options are what a Book is made of.
type Options struct {
	Log *stream.Log
	// File are the rules of the file, checked.
	File []alerts.Rule
	// Check checks a rule alone against the registry in force and fills its defaults.
	Check func(alerts.Rule) (alerts.Rule, []geo.Problem)
	// Use puts a whole set in force. With an error the one before is in force still.
	Use    func(ctx context.Context, list []alerts.Rule) error
	Logger *slog.Logger
}

// Book is the rules of the file with the edits over them. It is safe for concurrent use.
type Book struct {
	opt    Options
	bucket *stream.Bucket
	mu     sync.Mutex // one change at a time
	file   []alerts.Rule
	edits  map[string]alerts.RuleEdit
	// resting are stored edits that are not sound.
	resting map[string]alerts.RuleEdit
	list    atomic.Pointer[[]alerts.RuleEntry]
}

// Open reads the edits.
func Open(ctx context.Context, opt Options) (*Book, error) {
	bucket, err := opt.Log.Bucket(ctx, "rules")
	if err != nil {
		return nil, err
	}
	b := &Book{opt: opt, bucket: bucket, file: opt.File, edits: map[string]alerts.RuleEdit{}, resting: map[string]alerts.RuleEdit{}}
	err = bucket.All(ctx, func(id string, value []byte) error {
		var e alerts.RuleEdit
		if err := json.Unmarshal(value, &e); err != nil {
			return fmt.Errorf("stored rule %s cannot be read: %w", id, err)
		}
		b.sort(e)
		return nil
	})
	if err != nil {
		return nil, err
	}
	b.publish()
	return b, nil
}

// sort puts an edit where it belongs: in force or to rest.
func (b *Book) sort(e alerts.RuleEdit) {
	_, problems := b.opt.Check(e.Rule)
	if len(problems) == 0 {
		b.edits[e.Rule.ID] = e
		return
	}
	b.resting[e.Rule.ID] = e
	b.opt.Logger.Warn("an edited rule is not in force", "rule", e.Rule.ID, "field", problems[0].Path, "reason", problems[0].Message)
}

func (b *Book) merged(file []alerts.Rule, edits map[string]alerts.RuleEdit) []alerts.RuleEntry {
	return alerts.MergeRules(file, slices.Collect(maps.Values(edits)))
}

func (b *Book) publish() {
	list := b.merged(b.file, b.edits)
	b.list.Store(&list)
}

// List is every rule, in the order of the file and then of the ids. The caller must not change it.
func (b *Book) List() []alerts.RuleEntry { return *b.list.Load() }

// Rules is List without where they come from: what is in force.
func (b *Book) Rules() []alerts.Rule { return rulesOf(b.List()) }

func rulesOf(list []alerts.RuleEntry) []alerts.Rule {
	out := make([]alerts.Rule, len(list))
	for i := range list {
		out[i] = list[i].Rule
	}
	return out
}

// Get returns one rule.
func (b *Book) Get(id string) (alerts.RuleEntry, error) {
	for _, e := range b.List() {
		if e.ID == id {
			return e, nil
		}
	}
	return alerts.RuleEntry{}, ErrNotFound
}

// Put keeps an edit and puts it in force. Problems are those of the rule's own fields; then nothing has changed.
func (b *Book) Put(ctx context.Context, rule alerts.Rule, by string, now time.Time) (alerts.RuleEntry, []geo.Problem, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	rule, problems := b.opt.Check(rule)
	if len(problems) > 0 {
		return alerts.RuleEntry{}, problems, nil
	}
	edits := maps.Clone(b.edits)
	edits[rule.ID] = alerts.RuleEdit{Rule: rule, By: by, At: now.UTC()}
	if len(edits) > mostEdits {
		return alerts.RuleEntry{}, nil, ErrFull
	}
	if err := b.change(ctx, rule.ID, edits); err != nil {
		return alerts.RuleEntry{}, nil, err
	}
	delete(b.resting, rule.ID)
	e, err := b.Get(rule.ID)
	return e, nil, err
}

// Delete takes an edit away; the file's rule of that id, if there is one, is in force again.
func (b *Book) Delete(ctx context.Context, id string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, rests := b.resting[id]; rests {
		if err := b.bucket.Delete(ctx, id); err != nil {
			return err
		}
		delete(b.resting, id)
		return nil
	}
	if _, edited := b.edits[id]; !edited {
		if _, err := b.Get(id); err != nil {
			return err
		}
		return ErrFile
	}
	edits := maps.Clone(b.edits)
	delete(edits, id)
	return b.change(ctx, id, edits)
}

// change keeps one edit, or its absence, and then puts the set in force. Where that fails the disk is as it was.
func (b *Book) change(ctx context.Context, id string, edits map[string]alerts.RuleEdit) error {
	if err := b.keep(ctx, id, edits); err != nil {
		return err
	}
	if err := b.opt.Use(ctx, rulesOf(b.merged(b.file, edits))); err != nil {
		return errors.Join(fmt.Errorf("put rule %s in force: %w", id, err), b.keep(ctx, id, b.edits))
	}
	b.edits = edits
	b.publish()
	return nil
}

func (b *Book) keep(ctx context.Context, id string, edits map[string]alerts.RuleEdit) error {
	e, there := edits[id]
	if !there {
		return b.bucket.Delete(ctx, id)
	}
	value, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("write rule %s: %w", id, err)
	}
	return b.bucket.Put(ctx, id, value)
}

// Rebase puts the rules of a new file under the edits. use is called in the place of Options.Use; with its error nothing has changed.
func (b *Book) Rebase(file []alerts.Rule, use func(list []alerts.Rule) error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := use(rulesOf(b.merged(file, b.edits))); err != nil {
		return err
	}
	b.file = file
	b.publish()
	return nil
}
