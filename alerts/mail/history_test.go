package mail

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"quantrac/alerts"
)

// Old e-mails are found although memory holds the newest only.
func TestOldEmailsAreFound(t *testing.T) {
	s := newMailServer(t, true)
	r := newRig(t, s, nil)
	id := r.id(0)
	const n = maxRecent + 3000
	begin := time.Now()
	for i := range n {
		a := Attempt{ID: fmt.Sprint(i), Recipient: id, Alerts: []string{fmt.Sprint("alert-", i%1000)}, State: Delivered, At: time.Now()}
		if err := r.sender.history.record(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	r.mu.Lock()
	r.now["alert-7"] = alerts.Alert{ID: "alert-7", OpenedAt: begin}
	r.mu.Unlock()
	r.stop()
	r.open(s, nil)
	if got := len(r.sender.history.recent); got != maxRecent {
		t.Errorf("%d in memory after a restart", got)
	}
	var got []string
	cursor := ""
	for {
		list, next, err := r.sender.Find(t.Context(), id, Query{Cursor: cursor, Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range list {
			got = append(got, a.ID)
		}
		if cursor = next; next == "" {
			break
		}
	}
	var want []string
	for i := range n {
		want = append(want, fmt.Sprint(n-1-i))
	}
	if !slices.Equal(got, want) {
		t.Errorf("pages have %d e-mails, want %d", len(got), len(want))
	}
	list, err := r.sender.OfAlert(t.Context(), "alert-7")
	if err != nil || len(list) != 8 || list[0].ID != "7" || list[7].ID != "7007" {
		t.Errorf("%d of the alert: %v", len(list), err)
	}
}
