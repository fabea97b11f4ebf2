package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"quantrac/alerts"
	"quantrac/geo"
	"quantrac/ingest"
)

// ErrNotFound answers 404.
var ErrNotFound = errors.New("not found")

// ErrConflict answers 409; it is wrapped with the reason.
var ErrConflict = errors.New("not possible as things stand")

// ErrCursor answers 400: a cursor that no page gave.
var ErrCursor = alerts.ErrCursor

// ErrTooLarge is what Config.Accept answers for a delivery that the log cannot carry: trying again does not help.
var ErrTooLarge = errors.New("more than the log can carry")

// Invalid answers 422 and lists what is wrong with the fields of a request.
type Invalid struct {
	Problems []geo.Problem
	// Places are where in the text of the request the problems stand, one each; nil = it has no places.
	Places []Place
	// Proposals are what the caller may have meant where a target does not exist.
	Proposals []ingest.Proposal
}

// Place is a line and a column of a text, from 1 on.
type Place struct{ Line, Column int }

func (e *Invalid) Error() string {
	if len(e.Problems) == 0 {
		return "the request is not valid"
	}
	text := strings.TrimPrefix(e.Problems[0].String(), ": ") // a fault of the whole has no path
	if len(e.Places) > 0 {
		return fmt.Sprintf("line %d, column %d: %s", e.Places[0].Line, e.Places[0].Column, text)
	}
	return text
}

// failure is an error with the status that it answers.
type failure struct {
	status int
	detail string
}

func (e *failure) Error() string { return e.detail }

func fail(status int, detail string) error { return &failure{status, detail} }

type problemBody struct {
	Type   string         `json:"type"`
	Title  string         `json:"title"`
	Status int            `json:"status"`
	Detail string         `json:"detail,omitempty"`
	Errors []problemField `json:"errors,omitempty"`
	// Proposals are what the caller may have meant, best first.
	Proposals []ingest.Proposal `json:"proposals,omitempty"`
}

type problemField struct {
	Field  string `json:"field"`
	Detail string `json:"detail"`
	// Line and Column, from 1 on, are there where the body is a text with lines.
	Line   int `json:"line,omitempty"`
	Column int `json:"column,omitempty"`
}

func problem(w http.ResponseWriter, status int, detail string) {
	writeProblem(w, status, newProblem(status, detail))
}

func invalidProblem(w http.ResponseWriter, e *Invalid) {
	body := newProblem(http.StatusUnprocessableEntity, e.Error())
	for i, f := range e.Problems {
		field := problemField{Field: f.Path, Detail: f.Message}
		if i < len(e.Places) {
			field.Line, field.Column = e.Places[i].Line, e.Places[i].Column
		}
		body.Errors = append(body.Errors, field)
	}
	body.Proposals = e.Proposals
	writeProblem(w, http.StatusUnprocessableEntity, body)
}

func newProblem(status int, detail string) problemBody {
	return problemBody{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail}
}

// writeProblem writes a problemBody, or one with further members.
func writeProblem(w http.ResponseWriter, status int, body any) {
	if h := w.Header(); status == http.StatusUnauthorized && h.Get("WWW-Authenticate") == "" {
		h.Set("WWW-Authenticate", `Bearer realm="quantrac"`)
	}
	writeAs(w, "application/problem+json", status, body)
}

// answerError is the one place where an error becomes a status.
func (s *Server) answerError(w http.ResponseWriter, r *http.Request, err error) {
	var f *failure
	var invalid *Invalid
	switch {
	case errors.As(err, &f):
		problem(w, f.status, f.detail)
	case errors.As(err, &invalid):
		invalidProblem(w, invalid)
	case errors.Is(err, ErrNotFound):
		problem(w, http.StatusNotFound, err.Error())
	case errors.Is(err, ErrConflict):
		problem(w, http.StatusConflict, err.Error())
	case errors.Is(err, alerts.ErrCursor):
		problem(w, http.StatusBadRequest, alerts.ErrCursor.Error())
	case r.Context().Err() != nil:
		w.Header().Set("Retry-After", "5")
		problem(w, http.StatusServiceUnavailable, "the request took too long; try again")
	default:
		s.cfg.Logger.Error("request failed", "method", r.Method, "path", r.URL.Path, "error", err)
		w.Header().Set("Retry-After", strconv.Itoa(5))
		problem(w, http.StatusServiceUnavailable, "a part behind the API does not answer; see /readyz, then try again")
	}
}

func writeJSON(w http.ResponseWriter, status int, v any) { writeAs(w, "application/json", status, v) }

// writeAs encodes before it writes the status: an answer that cannot be encoded must not begin as a good one.
func writeAs(w http.ResponseWriter, contentType string, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic("answer: " + err.Error()) // a fault of the program, see recoverPanic
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n'))
}

// list is the envelope of every list.
type list struct {
	Items      any     `json:"items"`
	NextCursor *string `json:"next_cursor"`
}

func newList(items any, next string) list {
	if next == "" {
		return list{Items: items}
	}
	return list{Items: items, NextCursor: &next}
}

// limit reads ?limit=, clamped to [1, most].
func limit(r *http.Request, usual, most int) (int, error) {
	text := r.URL.Query().Get("limit")
	if text == "" {
		return usual, nil
	}
	n, err := strconv.Atoi(text) // at the ends of its range when it is out of range
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, fail(http.StatusBadRequest, "limit must be a whole number")
	}
	return min(max(n, 1), most), nil
}

// Page sizes of ordinary lists and of readings.
const (
	usualLimit    = 100
	mostLimit     = 1000
	usualReadings = 1000
	mostReadings  = 10000
)

// page cuts a list that is in memory. The cursor is the id of the last item that was looked at, so that a list whose items
// come and go, or pass keep only now and then, shows none twice and leaves none out. A nil keep keeps all.
func page[T any](r *http.Request, items []T, id func(*T) string, keep func(*T) bool) (list, error) {
	n, err := limit(r, usualLimit, mostLimit)
	if err != nil {
		return list{}, err
	}
	start := 0
	if cursor := r.URL.Query().Get("cursor"); cursor != "" {
		start = 1 + slices.IndexFunc(items, func(it T) bool { return id(&it) == cursor })
		if start == 0 {
			return list{}, alerts.ErrCursor
		}
	}
	kept := make([]T, 0, min(n, len(items)-start))
	for i := start; i < len(items); i++ {
		if keep != nil && !keep(&items[i]) {
			continue
		}
		if len(kept) == n {
			return newList(kept, id(&kept[n-1])), nil
		}
		kept = append(kept, items[i])
	}
	return newList(kept, ""), nil
}
