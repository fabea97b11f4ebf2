// Package bench is the load harness of the front door: it drives many gateways against a whole system, and measures from the
// first publish until the last value can be queried in history.
//
// The system under test are other processes: quantrac alone ("embedded"), Mosquitto with quantrac and InfluxDB ("external"),
// or Mosquitto with Telegraf and InfluxDB ("telegraf"), each started anew on an empty directory for every run. Promises:
//
//   - The load is the same bytes for every stack: the native message, eight values, QoS 1, one connection a station.
//   - Nothing is reported that was not verified: history must hold every value that was acknowledged, by count and by sum, for
//     each parameter of each station. A difference is an error, never a figure.
//   - What the load generator uses is counted apart from what the system uses.
//   - Every program that was started is stopped, and its directory removed, whatever happens to the run.
//
// It reads /proc and therefore runs on Linux only.
package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"
)

// Options of a run. Serve is needed; the rest has defaults.
type Options struct {
	// Stack is what to measure; Embedded by default.
	Stack string
	// Stations is the number of gateways, one station and one connection each; 200.
	Stations int
	// Messages in all; Duration, if Messages is 0. 200,000 by default.
	Messages int
	Duration time.Duration
	// Rate is the number of messages per second in all; 0 = as fast as acknowledgements allow.
	Rate float64
	// Burst is how many messages a gateway sends at once where there is a Rate; 1.
	Burst int
	// Window is how many messages a gateway may have unacknowledged; 20.
	Window int
	// Serve is the command line that runs "quantrac serve", to which flags are added. If profile is not empty, it is a
	// directory for profiles of the process.
	Serve func(profile string) []string
	// ServeEnv is added to its environment.
	ServeEnv []string
	// Profile is a directory for profiles of quantrac; empty = none.
	Profile string
	// Dir holds the directories of the runs; empty = the system's place for temporary files.
	Dir string
	// Progress, if not nil, is told about the run twice a second, and must not block.
	Progress func(Progress)
}

// Progress is where a run is.
type Progress struct {
	// Round of Rounds; 0 where there is one run only.
	Round, Rounds int

	Stack string
	Phase string
	// Acked messages of Wanted; Wanted is 0 when the run is bounded by time.
	Acked, Wanted uint64
}

const (
	usualStations = 200
	usualMessages = 200_000
	usualWindow   = 20
	mostStations  = 20_000
	mostWindow    = 1000
)

// complete fills in the defaults and finds what cannot be run.
func (o Options) complete() (Options, error) {
	o.Stack = cmp.Or(o.Stack, Embedded)
	o.Stations = cmp.Or(o.Stations, usualStations)
	o.Window = cmp.Or(o.Window, usualWindow)
	o.Burst = cmp.Or(o.Burst, 1)
	if o.Messages == 0 && o.Duration == 0 {
		o.Messages = usualMessages
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	// The programs run in directories of their own, where a relative path would mean something else.
	for _, dir := range []*string{&o.Dir, &o.Profile} {
		if *dir == "" {
			continue
		}
		var err error
		if *dir, err = filepath.Abs(*dir); err != nil {
			return o, fmt.Errorf("bench: %w", err)
		}
	}
	switch {
	case o.Serve == nil:
		return o, errors.New("bench: Options.Serve is needed")
	case o.Stack != Embedded && o.Stack != External && o.Stack != Telegraf:
		return o, fmt.Errorf("there is no stack %q; there are %s, %s and %s", o.Stack, Embedded, External, Telegraf)
	case o.Stations < 1 || o.Stations > mostStations:
		return o, fmt.Errorf("between 1 and %d stations can be driven, not %d", mostStations, o.Stations)
	case o.Window < 1 || o.Window > mostWindow:
		return o, fmt.Errorf("the window is between 1 and %d messages, not %d", mostWindow, o.Window)
	case o.Burst < 1 || o.Burst > o.Window:
		return o, fmt.Errorf("a burst is between 1 and %d messages, the window, not %d", o.Window, o.Burst)
	case o.Messages < 0 || o.Duration < 0 || o.Rate < 0:
		return o, errors.New("messages, duration and rate are not negative")
	case o.Messages > 0 && o.Messages < o.Stations:
		return o, fmt.Errorf("%d messages are fewer than one for each of %d stations", o.Messages, o.Stations)
	}
	return o, findPrograms(o.Stack)
}

// findPrograms says what is missing before anything is started.
func findPrograms(stacks ...string) error {
	var missing []error
	for _, s := range stacks {
		for _, p := range needed(s) {
			if _, err := p.find(); err != nil {
				missing = append(missing, err)
			}
		}
	}
	return errors.Join(missing...)
}

// load is the options' load, beginning at start.
func (o *Options) load(start time.Time) load {
	l := load{start: start}
	if o.Messages > 0 {
		l.messages = uint64(o.Messages / o.Stations)
	} else {
		l.until = start.Add(o.Duration)
	}
	if o.Rate > 0 {
		l.interval = time.Duration(float64(o.Stations) / o.Rate * float64(time.Second))
		l.burst = uint64(o.Burst)
	}
	return l
}

// Ingest measures one stack once.
func Ingest(ctx context.Context, o Options) (r Result, err error) {
	if o, err = o.complete(); err != nil {
		return r, err
	}
	err = inSession(ctx, &o, func(s *session) error {
		if r, err = s.measure(o.load(time.Now())); err != nil {
			return err
		}
		_, err = s.verify()
		return err
	})
	return r, err
}

// inSession runs act on a stack of its own, which is gone afterwards.
func inSession(ctx context.Context, o *Options, act func(s *session) error) (err error) {
	s, err := openSession(ctx, o)
	defer func() { err = errors.Join(err, s.close()) }()
	if err != nil {
		return err
	}
	return act(s)
}
