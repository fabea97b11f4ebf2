package web

import (
	"encoding/json"
	"net/http"
	"time"
)

// Types of a streamed answer.
const (
	ndjsonType = "application/x-ndjson"
	eventsType = "text/event-stream"
)

// backtestAnswer writes what a backtest says in the form that the client asked for: as lines of JSON or server-sent events while it
// goes on, each {"progress"}, {"report"} or {"error"}, or as one JSON at the end. Its functions are called one at a time.
type backtestAnswer struct {
	w    http.ResponseWriter
	rc   *http.ResponseController
	kind string
	now  func() time.Time
	said time.Time
	// gone ends the backtest: nobody reads what it says.
	gone func()
}

func newBacktestAnswer(w http.ResponseWriter, r *http.Request, now func() time.Time, gone func()) *backtestAnswer {
	a := &backtestAnswer{w: w, rc: http.NewResponseController(w), now: now, gone: gone}
	w.Header().Set("Vary", "Accept")
	for _, kind := range []string{ndjsonType, eventsType} {
		if wants(r, kind) {
			a.kind = kind
			w.Header().Set("Content-Type", kind)
			w.Header().Set("Cache-Control", "no-store")
			w.Header().Set("X-Accel-Buffering", "no") // proxies would keep the progress back
			break
		}
	}
	a.patience()
	return a
}

// patience moves the end of the time to write: the server's own bound is that of an ordinary answer.
func (a *backtestAnswer) patience() {
	patience := writePatience
	if a.kind == "" {
		patience += backtestTimeout
	}
	_ = a.rc.SetWriteDeadline(time.Now().Add(patience)) // where it cannot be set there is none
	_ = a.rc.SetReadDeadline(time.Time{})               // the body is read; this only ends the watch for a client that goes
}

func (a *backtestAnswer) progress(p any) {
	if now := a.now(); a.kind != "" && now.Sub(a.said) >= progressEvery {
		a.said = now
		a.event("progress", p)
	}
}

func (a *backtestAnswer) report(report any) {
	if a.kind == "" {
		writeJSON(a.w, http.StatusOK, report)
		return
	}
	a.event("report", report)
}

// fail answers an error: as the status as long as nothing was said, else as the last line.
func (a *backtestAnswer) fail(s *Server, r *http.Request, err error) error {
	if a.kind == "" || a.said.IsZero() {
		return err
	}
	s.cfg.Logger.Error("backtest failed", "path", r.URL.Path, "error", err)
	a.event("error", newProblem(http.StatusServiceUnavailable, "the backtest could not be finished; see /readyz, then try again"))
	return nil
}

func (a *backtestAnswer) event(name string, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic("answer: " + err.Error()) // a fault of the program, see recoverPanic
	}
	a.patience()
	if a.kind == eventsType {
		_, _ = a.w.Write([]byte("event: " + name + "\ndata: " + string(b) + "\n\n"))
	} else {
		_, _ = a.w.Write([]byte(`{"` + name + `":` + string(b) + "}\n"))
	}
	if err := a.rc.Flush(); err != nil {
		a.gone()
	}
}
