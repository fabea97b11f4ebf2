package web

import (
	"net/http"
	"strconv"
	"time"

	"quantrac/ingest"
)

// ConflictQuery selects the readings of a station that came twice with different values. From is inclusive, To exclusive,
// both by measured_at; a zero time leaves that end open.
type ConflictQuery struct {
	Station string
	// Parameter "" = any.
	Parameter string
	From, To  time.Time
	// Cursor is what the page before returned as next; "" = the first page.
	Cursor string
	Limit  int
}

// Conflict is a reading that says otherwise than the one that history keeps for the same station, parameter and time.
type Conflict struct {
	Parameter  string    `json:"parameter"`
	MeasuredAt time.Time `json:"measured_at"`
	// ReceivedAt and Gateway are those of Other.
	ReceivedAt time.Time  `json:"received_at"`
	Gateway    string     `json:"gateway"`
	Kept       KeptValue  `json:"kept"`
	Other      OtherValue `json:"other"`
}

// KeptValue is what came first and stays in history. A nil Value was no number.
type KeptValue struct {
	Value  *float64      `json:"value"`
	Status ingest.Status `json:"status"`
}

// OtherValue is what came later; it is in the log only.
type OtherValue struct {
	Value  *float64      `json:"value"`
	Status ingest.Status `json:"status"`
	Flags  ingest.Flags  `json:"flags"`
}

func (s *Server) listConflicts(w http.ResponseWriter, r *http.Request) error {
	v := r.URL.Query()
	q := ConflictQuery{Station: r.PathValue("id"), Parameter: v.Get("parameter"), Cursor: v.Get("cursor")}
	if _, ok := s.cfg.Registry().Station(q.Station); !ok {
		return ErrNotFound
	}
	if _, ok := s.cfg.Catalogue.Parameter(q.Parameter); q.Parameter != "" && !ok {
		return fail(http.StatusBadRequest, "parameter "+strconv.Quote(q.Parameter)+" is not in the catalogue; see /api/v1/parameters")
	}
	var err error
	if q.From, err = instant(v.Get("from"), time.Time{}, "from"); err != nil {
		return err
	}
	if q.To, err = instant(v.Get("to"), time.Time{}, "to"); err != nil {
		return err
	}
	if q.Limit, err = limit(r, usualLimit, mostLimit); err != nil {
		return err
	}
	items, next, err := s.cfg.Conflicts(r.Context(), q)
	if err != nil {
		return err
	}
	if items == nil {
		items = []Conflict{}
	}
	writeJSON(w, http.StatusOK, newList(items, next))
	return nil
}
