package web

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

// Bounds of a password: characters, then bytes.
const (
	shortestPassword = 12
	longestPassword  = 1024
)

// commonWords are what weak passwords are made of. A password must have something beside them.
const commonWords = "password passwd matkhau quantrac administrator admin qwerty qwertyuiop asdfgh zxcvbn iloveyou letmein welcome " +
	"dongnai bienhoa vietnam moitruong nuocthai 123456789 12345678 1234567 123456 12345 1234 0987654321 654321 abcdef abc123 2024 2025 2026"

// passwordFault says what is wrong with a password for a user, or "".
func passwordFault(password, username string) string {
	switch {
	case utf8.RuneCountInString(password) < shortestPassword:
		return fmt.Sprintf("needs at least %d characters", shortestPassword)
	case len(password) > longestPassword:
		return fmt.Sprintf("may have at most %d bytes", longestPassword)
	}
	rest := strings.ToLower(password)
	for _, word := range append(strings.Fields(commonWords), username) {
		if len(word) >= 4 {
			rest = strings.ReplaceAll(rest, word, " ")
		}
	}
	distinct := map[rune]bool{}
	steps := 0
	var last rune
	for _, c := range rest {
		if c == last || c == last+1 || c == last-1 {
			steps++ // aaaa, abcd, 4321
		}
		last = c
		if !unicode.IsSpace(c) {
			distinct[c] = true
		}
	}
	const leastDistinct = 5
	if len(distinct) < leastDistinct || steps > utf8.RuneCountInString(rest)/2 {
		return "is too easy to guess: use words that do not belong together"
	}
	return ""
}

// gate bounds the work of password hashes: each takes 19 MiB and a core for a while.
type gate struct {
	places  chan struct{} // capacity hashesAtOnce: those that are at work
	waiting chan struct{} // capacity hashesWaiting: those that wait; beyond it errBusy
}

const (
	hashesAtOnce  = 2
	hashesWaiting = 32
)

func newGate() *gate {
	return &gate{places: make(chan struct{}, hashesAtOnce), waiting: make(chan struct{}, hashesWaiting)}
}

var (
	errBusy          = errors.New("too many people sign in at once; try again in a moment")
	errWrongPassword = errors.New("the user name or the password is wrong")
)

// lockedError says how long an account takes no password.
type lockedError struct{ wait time.Duration }

func (e *lockedError) Error() string {
	return fmt.Sprintf("too many wrong passwords for this account; wait %s", e.wait.Round(time.Second))
}

func (g *gate) do(ctx context.Context, work func()) error {
	select {
	case g.waiting <- struct{}{}:
	default:
		return errBusy
	}
	defer func() { <-g.waiting }()
	select {
	case g.places <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-g.places }()
	work()
	return nil
}

// hash makes the hash of a new password.
func (a *Accounts) hash(ctx context.Context, password string) (hash string, err error) {
	busy := a.gate.do(ctx, func() { hash, err = a.cfg.Hash(password) })
	return hash, errors.Join(busy, err)
}

// check tells whose password it is. Who has none is compared with too, so that the time says nothing.
func (a *Accounts) check(ctx context.Context, username, password, network string) (storedUser, error) {
	u, known := a.byUsername(username)
	hash := u.Hash
	if !known || u.Disabled || hash == "" {
		known = false
		var err error
		if hash, err = a.stranger(); err != nil {
			return u, err
		}
	}
	key := lockKey(&u, username, network)
	if wait := a.locks.wait(key); wait > 0 {
		return u, &lockedError{wait}
	}
	// Counted before it is known, so that many at once are counted too.
	a.locks.failed(key)
	var right bool
	var err error
	if busy := a.gate.do(ctx, func() { right, err = a.cfg.Verify(password, hash) }); busy != nil {
		a.locks.undo(key)
		return u, busy
	}
	if err != nil || !right || !known {
		return u, errors.Join(errWrongPassword, err)
	}
	a.locks.forget(key)
	return u, nil
}

// lockKey: a network from which the user has signed in has a count of its own, so that strangers cannot lock the user out there.
func lockKey(u *storedUser, username, network string) string {
	for _, n := range u.Networks {
		if n == network {
			return username + " " + network
		}
	}
	return username
}

// locks slow down who guesses the password of one account: from the fifth wrong one on it takes none for a while, longer each time.
type locks struct {
	now func() time.Time
	mu  sync.Mutex
	by  map[string]*lock
}

type lock struct {
	wrong int
	until time.Time
	last  time.Time
}

const (
	wrongAtOnce = 5
	firstLock   = 10 * time.Second
	longestLock = 15 * time.Minute
	// lockMemory is how long wrong passwords count.
	lockMemory = 24 * time.Hour
	maxLocks   = 10000
)

func (l *locks) wait(key string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if k, ok := l.by[key]; ok {
		return k.until.Sub(l.now())
	}
	return 0
}

func (l *locks) failed(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	k, ok := l.by[key]
	if !ok || now.Sub(k.last) > lockMemory {
		l.makeRoom(now)
		k = &lock{}
		l.by[key] = k
	}
	k.wrong, k.last = k.wrong+1, now
	if over := k.wrong - wrongAtOnce; over >= 0 {
		const most = 10 // doublings; longestLock is reached before
		k.until = now.Add(min(firstLock<<min(over, most), longestLock))
	}
}

// undo takes a count back that was none.
func (l *locks) undo(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if k, ok := l.by[key]; ok && k.wrong > 0 {
		k.wrong, k.until = k.wrong-1, time.Time{}
	}
}

// forget ends a lock, or all those of an account.
func (l *locks) forget(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for k := range l.by {
		if k == key || strings.HasPrefix(k, key+" ") {
			delete(l.by, k)
		}
	}
}

// makeRoom forgets what is over; if all are locked, all of them.
func (l *locks) makeRoom(now time.Time) {
	if len(l.by) < maxLocks {
		return
	}
	for key, k := range l.by {
		if now.After(k.until) {
			delete(l.by, key)
		}
	}
	if len(l.by) >= maxLocks {
		clear(l.by)
	}
}
