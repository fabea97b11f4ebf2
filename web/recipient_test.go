package web

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"
)

// A recipient sees and replays its own deliveries by its link, and nothing else.
func TestRecipientsOwnPage(t *testing.T) {
	r := newRig(t, nil)
	heard := make(chan http.Header, 8)
	var one, two struct{ ID, Secret string }
	url := newRecipient(t, heard)
	r.post("/api/v1/webhooks", `{"name":"one","url":"`+url+`"}`).into(http.StatusCreated, &one)
	r.post("/api/v1/webhooks", `{"name":"two","url":"`+url+`","events":["webhook.test"]}`).into(http.StatusCreated, &two)
	r.post("/api/v1/readings", `{"station":"amata-01","values":{"cod":150}}`).is(http.StatusAccepted)
	first := (<-heard).Get("webhook-id")

	var link struct{ Token, Path string }
	r.post("/api/v1/webhooks/"+one.ID+"/link", "").into(http.StatusCreated, &link)
	var self struct{ ID, Name string }
	a := r.do("", http.MethodGet, link.Path, "").into(http.StatusOK, &self)
	if self.ID != one.ID || strings.Contains(string(a.body), "whsec_") {
		t.Errorf("%s", a.body)
	}
	var p struct {
		Items []struct{ ID, State, Webhook string }
	}
	eventually(t, "the delivery is listed", func() bool {
		r.do("", http.MethodGet, link.Path+"/deliveries?state=delivered", "").into(http.StatusOK, &p)
		return len(p.Items) == 1
	})
	if p.Items[0].ID != first || p.Items[0].Webhook != one.ID {
		t.Errorf("%+v", p.Items)
	}
	r.do("", http.MethodGet, link.Path+"/deliveries?state=lost", "").says(http.StatusBadRequest, "state must be one of")
	r.do("", http.MethodPost, link.Path+"/deliveries/"+first+"/redeliver", "").is(http.StatusAccepted)
	if again := (<-heard).Get("webhook-id"); again != first {
		t.Errorf("webhook-id %s, want %s again", again, first)
	}
	var test struct{ ID string }
	r.post("/api/v1/webhooks/"+two.ID+"/test", "").into(http.StatusOK, &test)
	<-heard
	r.do("", http.MethodPost, link.Path+"/deliveries/"+test.ID+"/redeliver", "").is(http.StatusNotFound)

	// A new link takes the place of the old, and one that is taken back opens nothing.
	old := link.Path
	r.post("/api/v1/webhooks/"+one.ID+"/link", "").into(http.StatusCreated, &link)
	r.do("", http.MethodGet, old, "").is(http.StatusNotFound)
	r.do(bootstrap, http.MethodDelete, "/api/v1/webhooks/"+one.ID+"/link", "").is(http.StatusNoContent)
	r.do("", http.MethodGet, link.Path, "").is(http.StatusNotFound)
	for range guessesAtOnce {
		r.do("", http.MethodGet, "/api/v1/recipient/guess", "")
	}
	r.do("", http.MethodGet, "/api/v1/recipient/guess", "").is(http.StatusTooManyRequests)
}

func TestWebhookSecretAndPreview(t *testing.T) {
	r := newRig(t, nil)
	heard := make(chan http.Header, 8)
	var made, rotated struct {
		ID, Secret     string
		OldSecretUntil time.Time `json:"old_secret_until"`
	}
	r.post("/api/v1/webhooks", `{"name":"one","url":"`+newRecipient(t, heard)+`"}`).into(http.StatusCreated, &made)
	hook := "/api/v1/webhooks/" + made.ID
	r.post(hook+"/rotate", "").into(http.StatusOK, &rotated)
	if rotated.Secret == made.Secret || rotated.OldSecretUntil.IsZero() {
		t.Errorf("%+v", rotated)
	}
	r.post(hook+"/test", "").is(http.StatusOK)
	signatures := strings.Fields((<-heard).Get("webhook-signature"))
	if len(signatures) != 2 {
		t.Errorf("%d signatures while the secret is being changed", len(signatures))
	}
	for _, s := range signatures {
		if _, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(s, "v1,")); err != nil || !strings.HasPrefix(s, "v1,") {
			t.Errorf("signature %q", s)
		}
	}
	var preview struct {
		Method, URL, Body string
		Headers           map[string][]string
	}
	r.get(hook+"/preview").into(http.StatusOK, &preview)
	if preview.Method != http.MethodPost || !strings.Contains(preview.Body, "webhook.test") || len(preview.Headers) == 0 {
		t.Errorf("%+v", preview)
	}
	if len(heard) != 0 {
		t.Error("a preview was sent")
	}
	var queued struct{ Queued int }
	r.post(hook+"/redeliver", `{"since":"2020-01-01T00:00:00Z"}`).into(http.StatusAccepted, &queued)
	r.post(hook+"/redeliver", `{}`).is(http.StatusUnprocessableEntity)
	for _, path := range []string{"/rotate", "/link", "/redeliver"} {
		r.post("/api/v1/webhooks/none"+path, `{"since":"2020-01-01T00:00:00Z"}`).is(http.StatusNotFound)
	}
}
