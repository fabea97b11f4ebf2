// Package mail tells people by e-mail what happened to alerts.
//
// It promises:
//   - E-mails are calm: events are grouped by (park, rule), or as a recipient asks. The first e-mail of a group waits group_wait for
//     what belongs to it, the next ones leave group_interval apart, and what stays open and is not acknowledged is told again after
//     repeat_interval. An alert that late data takes back before anybody was told of it is not told.
//   - No event is lost: the place in the journal, what waits in each group, and the e-mail that is under way are in a bucket, the
//     latter before its first try. Every try of an e-mail, also after a restart, has the same Message-ID, Date and content, so that
//     mail systems drop doubles.
//   - An e-mail is tried until the server takes it or the last try is over, at once where the server refuses it for good; then it is
//     dead, can be sent again by hand, and Options.Report hears of each alert in it. A group has one e-mail under way; what
//     happens meanwhile goes into the next.
//   - A mail server that does not answer is left alone but for one try at a time; what waits for it loses no tries.
//   - Every try is in the MAILS stream, for ever. Memory holds the newest maxRecent of them, and groups up to maxGroups: beyond, what
//     needs a new group shares one e-mail for each recipient.
//   - What a recipient has waiting is forgotten, and told to nobody, only when it is deleted or disabled by hand.
//   - STARTTLS with a valid certificate is required unless the configuration says otherwise. Passwords appear in no log or error.
package mail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"quantrac/alerts"
	"quantrac/ingest"
	"quantrac/ingest/stream"
)

const (
	// maxGroups bounds the groups of all recipients, but for one rest of each, at about 1 kB each and up to 200 kB while an e-mail is
	// under way.
	maxGroups = 5000
	// sessions is how many e-mails are handed over at once.
	sessions = 4
	endGrace = 5 * time.Second
	// recordGrace is for writing down what came of the last tries.
	recordGrace = time.Second
	saveEvery   = time.Second
)

// Options are what a Sender is made of.
type Options struct {
	Log *stream.Log
	// Events calls handle with the events of every record of the journal behind sequence after, in order, again when it
	// fails, until ctx ends.
	Events func(ctx context.Context, after uint64, handle func(seq uint64, events []alerts.Event) error) error
	// LastEvent is the sequence of the newest record of the journal; 0 = none.
	LastEvent func(ctx context.Context) (uint64, error)
	// Alert is an alert as it is now; false = there is none of that id.
	Alert func(ctx context.Context, id string) (alerts.Alert, bool, error)
	// Parameter tells how a parameter is written; nil = by its code.
	Parameter func(code string) (ingest.Parameter, bool)
	// Report makes the event alert.undelivered of a death, once even if it hears of it twice; nil = nobody is told.
	Report func(ctx context.Context, d Death) error
	Server Server
	// Configured are the recipients of the configuration file. Each is known by its name: it keeps its place over restarts, goes
	// when it is no longer in the file, and gets events from its first appearance on.
	Configured []Spec
	// BaseURL of this service, as people may open it; "" is allowed.
	BaseURL string
	// Retries are the waits before the second and later tries; nil = RetryTable.
	Retries []time.Duration
	// Grace is what tries under way get at the end of Run; 0 = 5 s.
	Grace   time.Duration
	Now     func() time.Time
	Logger  *slog.Logger
	Metrics *Metrics
}

// Death is an e-mail that nobody took: a recipient was not told of an alert.
type Death struct {
	Alert string
	// Recipient is "mail:<id>"; the event that is made of a death must carry it as its By, so that it goes to the others only.
	Recipient string
	// Comment says in one line who was not told of what.
	Comment string
	At      time.Time
}

var (
	// ErrNotFound means that there is no such recipient or e-mail.
	ErrNotFound = errors.New("no such e-mail recipient or e-mail")
	// ErrDisabled means that a recipient is disabled, or that nothing is being sent any more.
	ErrDisabled = errors.New("the e-mail recipient is disabled")
)

// Sender keeps the recipients and their groups, and sends.
type Sender struct {
	opt     Options
	bucket  *stream.Bucket
	history *history
	post    poster
	// trouble is why the mail server could not be used last; nil = it could.
	trouble atomic.Pointer[string]
	// recipients are those of the configuration in its order, then those of the API, oldest first. The loop replaces the list.
	recipients atomic.Pointer[[]*recipient]

	// The loop of Run owns what follows.
	groups map[groupID]*group
	passed uint64 // the place in the journal up to which groups have taken in everything
	saved  uint64 // as it is on disk
	line   line

	incoming chan incoming
	results  chan result
	commands chan func()
	ended    chan struct{} // closed when Run has returned
}

type incoming struct {
	seq    uint64
	events []alerts.Event
}

// Open reads what is waiting. Problems of the configuration are an *Invalid with paths that begin with "smtp" or "recipients[i]".
func Open(ctx context.Context, opt Options) (*Sender, error) {
	opt = withDefaults(opt)
	problems := opt.Server.Check()
	if problems = append(problems, CheckConfigured(opt.Configured)...); len(problems) > 0 {
		return nil, &Invalid{problems}
	}
	s := &Sender{
		opt: opt, post: opt.Server.post, groups: map[groupID]*group{}, incoming: make(chan incoming), // unbuffered: the reader waits
		results: make(chan result, sessions), commands: make(chan func()), ended: make(chan struct{}),
	}
	var err error
	if s.bucket, err = opt.Log.Bucket(ctx, "mail"); err != nil {
		return nil, err
	}
	records, err := opt.Log.Stream(ctx, "MAILS")
	if err != nil {
		return nil, err
	}
	s.history = newHistory(records, opt.Logger)
	if err := s.history.load(ctx); err != nil {
		return nil, fmt.Errorf("read e-mails: %w", err)
	}
	if err := s.load(ctx); err != nil {
		return nil, fmt.Errorf("read e-mail groups: %w", err)
	}
	return s, nil
}

// State says whether the mail server could be used last, and why not. What waits for it is on disk.
func (s *Sender) State() (ok bool, detail string) {
	if why := s.trouble.Load(); why != nil {
		return false, *why
	}
	return true, ""
}

func withDefaults(opt Options) Options {
	if opt.Retries == nil {
		opt.Retries = RetryTable()
	}
	if opt.Grace == 0 {
		opt.Grace = endGrace
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Logger == nil {
		opt.Logger = slog.New(slog.DiscardHandler)
	}
	if opt.Metrics == nil {
		opt.Metrics = NewMetrics(nil)
	}
	if opt.Report == nil {
		opt.Report = func(context.Context, Death) error { return nil }
	}
	if opt.Parameter == nil {
		opt.Parameter = func(string) (ingest.Parameter, bool) { return ingest.Parameter{}, false }
	}
	return opt
}

// Run sends until ctx ends; tries that are under way then get Grace to end. Run may be called once.
func (s *Sender) Run(ctx context.Context) error {
	sending, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	records, cancelRecords := context.WithCancel(context.WithoutCancel(ctx))
	defer cancelRecords()
	defer context.AfterFunc(ctx, func() {
		time.AfterFunc(s.opt.Grace, cut)
		time.AfterFunc(s.opt.Grace+recordGrace, cancelRecords)
	})()
	var reader sync.WaitGroup
	reader.Go(func() { s.follow(ctx) })
	s.loop(ctx, sending, records)
	reader.Wait()
	close(s.ended)
	return nil
}
