package web

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"time"
)

// Quality makes the six figures of data quality. Spans are from inclusive, to exclusive.
type Quality struct {
	// Check says what is wrong with a span; "" = nothing.
	Check  func(from, to time.Time) string
	Report func(ctx context.Context, from, to time.Time) (any, error)
	// CSV writes the same as a table.
	CSV  func(ctx context.Context, w io.Writer, from, to time.Time) error
	Gaps func(ctx context.Context, q GapQuery) (any, error)
	// Strip is what a station sent hour by hour, or day by day; it answers ErrNotFound.
	Strip func(ctx context.Context, station string, from, to time.Time, daily bool) (any, error)
}

// GapQuery selects stretches without data; "" = any.
type GapQuery struct {
	Station, Park string
	From, To      time.Time
	Limit         int
}

// usualSpan is what quality is asked about when nothing else is said.
const usualSpan = 24 * time.Hour

func (s *Server) qualitySpan(r *http.Request) (from, to time.Time, err error) {
	v := r.URL.Query()
	if to, err = instant(v.Get("to"), s.cfg.Now(), "to"); err != nil {
		return from, to, err
	}
	if from, err = instant(v.Get("from"), to.Add(-usualSpan), "from"); err != nil {
		return from, to, err
	}
	if wrong := s.cfg.Quality.Check(from, to); wrong != "" {
		return from, to, fail(http.StatusBadRequest, wrong)
	}
	return from, to, nil
}

func (s *Server) quality(w http.ResponseWriter, r *http.Request) error {
	from, to, err := s.qualitySpan(r)
	if err != nil {
		return err
	}
	format := r.URL.Query().Get("format")
	if err := oneOf("format", format, "json", "csv"); err != nil {
		return err
	}
	if format == "csv" {
		var table bytes.Buffer
		if err := s.cfg.Quality.CSV(r.Context(), &table, from, to); err != nil {
			return err
		}
		w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		w.Header().Set("Content-Disposition", `attachment; filename="quantrac-quality.csv"`)
		_, _ = w.Write(table.Bytes())
		return nil
	}
	out, err := s.cfg.Quality.Report(r.Context(), from, to)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

func (s *Server) qualityGaps(w http.ResponseWriter, r *http.Request) error {
	from, to, err := s.qualitySpan(r)
	if err != nil {
		return err
	}
	v := r.URL.Query()
	q := GapQuery{Station: v.Get("station"), Park: v.Get("park"), From: from, To: to}
	if q.Limit, err = limit(r, usualLimit, mostLimit); err != nil {
		return err
	}
	out, err := s.cfg.Quality.Gaps(r.Context(), q)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

func (s *Server) qualityStrip(w http.ResponseWriter, r *http.Request) error {
	from, to, err := s.qualitySpan(r)
	if err != nil {
		return err
	}
	every := r.URL.Query().Get("every")
	if err := oneOf("every", every, "1h", "24h"); err != nil {
		return err
	}
	out, err := s.cfg.Quality.Strip(r.Context(), r.PathValue("id"), from, to, every == "24h")
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}
