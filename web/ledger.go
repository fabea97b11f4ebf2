package web

import (
	"net/http"
	"time"
)

// LedgerQuery selects lines of the books; From is inclusive, To exclusive, both by received_at.
type LedgerQuery struct {
	Gateway, Station string
	From, To         time.Time
}

// ledger answers the balanced books: received = stored + quarantined + duplicate + revised.
func (s *Server) ledger(w http.ResponseWriter, r *http.Request) error {
	v := r.URL.Query()
	q := LedgerQuery{Gateway: v.Get("gateway"), Station: v.Get("station")}
	var err error
	if q.From, err = instant(v.Get("from"), time.Time{}, "from"); err != nil {
		return err
	}
	if q.To, err = instant(v.Get("to"), time.Time{}, "to"); err != nil {
		return err
	}
	out, err := s.cfg.Ledger(r.Context(), q)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}
