package web

import (
	"context"
	"net/http"
	"strconv"

	"quantrac/alerts"
	"quantrac/ingest"
)

// Quarantine reads what could not be used, and lets it in again.
type Quarantine struct {
	// List is newest first; next is Before of the page behind it, 0 = there is none.
	List func(ctx context.Context, q QuarantineQuery) (items []ingest.Quarantined, next uint64, err error)
	// Get answers ErrNotFound for an entry that is not there, or not there any more.
	Get func(ctx context.Context, id string) (ingest.Quarantined, error)
	// Retry hands the bytes of an entry to the door again, as what they are now. ErrConflict when that was done before or the
	// bytes are not all there.
	Retry func(ctx context.Context, id string) (ingest.Receipt, error)
}

// QuarantineQuery selects entries; "" = any.
type QuarantineQuery struct {
	Reason, Door, Gateway string
	// State is QuarantineOpen or QuarantineRetried.
	State string
	// Before is the place in the list to go on from; 0 = the newest entry.
	Before uint64
	Limit  int
}

// The states of an entry in quarantine.
const (
	QuarantineOpen    = "open"
	QuarantineRetried = "retried"
)

// Bounds of one page of the quarantine, whose entries carry bodies of up to ingest.MaxBody.
const (
	quarantineStep  = 16
	quarantineBytes = 8 << 20
)

// listQuarantine ends a page early when its bodies become too many bytes; the cursor goes on.
func (s *Server) listQuarantine(w http.ResponseWriter, r *http.Request) error {
	v := r.URL.Query()
	q := QuarantineQuery{Reason: v.Get("reason"), Door: v.Get("door"), Gateway: v.Get("gateway"), State: v.Get("state")}
	if err := oneOf("state", q.State, QuarantineOpen, QuarantineRetried); err != nil {
		return err
	}
	n, err := limit(r, usualLimit, mostLimit)
	if err != nil {
		return err
	}
	if c := v.Get("cursor"); c != "" {
		if q.Before, err = strconv.ParseUint(c, 10, 64); err != nil || q.Before == 0 {
			return alerts.ErrCursor
		}
	}
	items, size := []ingest.Quarantined{}, 0
	for len(items) < n && size < quarantineBytes {
		q.Limit = min(quarantineStep, n-len(items))
		some, next, err := s.cfg.Quarantine.List(r.Context(), q)
		if err != nil {
			return err
		}
		items, q.Before = append(items, some...), next
		for i := range some {
			size += len(some[i].Body)
		}
		if next == 0 {
			break
		}
	}
	cursor := ""
	if q.Before > 0 {
		cursor = strconv.FormatUint(q.Before, 10)
	}
	writeJSON(w, http.StatusOK, newList(items, cursor))
	return nil
}

func (s *Server) getQuarantined(w http.ResponseWriter, r *http.Request) error {
	e, err := s.cfg.Quarantine.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, e)
	return nil
}

// retryQuarantined answers 200 also where nothing became usable: the receipt says why, and the retry is on disk and booked.
func (s *Server) retryQuarantined(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	receipt, err := s.cfg.Quarantine.Retry(r.Context(), id)
	if err != nil {
		return err
	}
	s.audit(r, "quarantine.retry", id, nil, receipt)
	if receipt.Rejected == nil {
		receipt.Rejected = []ingest.Reject{}
	}
	writeJSON(w, http.StatusOK, receipt)
	return nil
}
