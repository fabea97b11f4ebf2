package webhook

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"

	"quantrac/alerts"
)

func TestAnEventArrivesSignedAndIsRecorded(t *testing.T) {
	rec := newRecipient(t, func(w http.ResponseWriter, _ received) { _, _ = w.Write([]byte("thanks")) })
	latency := make(chan float64, 10)
	registry := prometheus.NewRegistry()
	metrics := NewMetrics(registry)
	r := newRig(t, func(o *Options) {
		o.Latency = func(s float64) { latency <- s }
		o.Metrics = metrics
	})
	h, secret := r.create(Spec{URL: rec.URL + "/hook?key=path-secret"})
	seq := r.happen(sampleEvent())
	got := rec.next(t)
	verify(t, secret, got)
	if got.event.Type != "alert.opened" || got.event.Data.Alert.ID != sampleEvent().Alert.ID || got.header.Get("Content-Type") != "application/json" {
		t.Errorf("got %s %s", got.header.Get("Content-Type"), got.body)
	}
	a := r.newest(h.ID, Delivered)
	if a.ID != got.id || a.Status != 200 || a.Answer != "thanks" || a.Attempt != 1 || a.Sequence != seq || a.Alert != sampleEvent().Alert.ID {
		t.Errorf("recorded %+v", a)
	}
	if s := <-latency; s <= 0 {
		t.Errorf("latency %g", s)
	}
	figures, err := registry.Gather()
	if err != nil || len(figures) != 1 || figures[0].GetName() != "quantrac_webhook_deliveries_total" {
		t.Fatalf("figures %v, %v", figures, err)
	}
	for _, m := range figures[0].GetMetric() {
		result, n := m.GetLabel()[0].GetValue(), m.GetCounter().GetValue()
		if (n == 1) != (result == "delivered") {
			t.Errorf("counted %g %s", n, result)
		}
	}
	shown, err := r.sender.OfAlert(t.Context(), a.Alert)
	if err != nil || len(shown) != 1 || shown[0].State != Delivered || shown[0].Answer != "" {
		t.Errorf("timeline %+v, %v", shown, err)
	}
}

func TestSecretsAreToldOnce(t *testing.T) {
	rec := newRecipient(t, nil)
	r := newRig(t, nil)
	h, secret := r.create(Spec{URL: rec.URL})
	if _, err := r.sender.Update(t.Context(), h.ID, Spec{Name: "renamed", URL: rec.URL}); err != nil {
		t.Fatal(err)
	}
	a, err := r.sender.Test(t.Context(), h.ID)
	if err != nil {
		t.Fatal(err)
	}
	verify(t, secret, rec.next(t)) // kept over the update
	got, err := r.sender.Get(h.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{r.sender.List(), got, a, r.deliveries(h.ID)} {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{string(data), fmt.Sprintf("%+v", v)} {
			if strings.Contains(text, secret) || strings.Contains(text, strings.TrimPrefix(secret, secretPrefix)) {
				t.Errorf("%s shows the secret", text)
			}
		}
	}
	r.stop()
	if strings.Contains(r.logs.String(), strings.TrimPrefix(secret, secretPrefix)) {
		t.Error("the log shows the secret")
	}
}

func TestFailuresAreTriedAgainUnderOneIDThenDeadThenByHand(t *testing.T) {
	var mu sync.Mutex
	status := 500
	rec := newRecipient(t, func(w http.ResponseWriter, _ received) {
		mu.Lock()
		defer mu.Unlock()
		w.WriteHeader(status)
	})
	r := newRig(t, nil)
	h, secret := r.create(Spec{URL: rec.URL})
	r.happen(sampleEvent())
	var id string
	for range 4 {
		got := rec.next(t)
		verify(t, secret, got)
		if id != "" && got.id != id {
			t.Errorf("id %s, then %s", id, got.id)
		}
		id = got.id
	}
	dead := r.newest(h.ID, Dead)
	if dead.Attempt != 4 || dead.Status != 500 || !strings.Contains(dead.Error, "500") {
		t.Errorf("dead %+v", dead)
	}
	mu.Lock()
	status = 200
	mu.Unlock()
	a, err := r.sender.Redeliver(t.Context(), id)
	if err != nil || a.State != Waiting || a.ID != id {
		t.Fatalf("redeliver: %+v, %v", a, err)
	}
	if got := rec.next(t); got.id != id {
		t.Errorf("sent again as %s", got.id)
	}
	if a := r.newest(h.ID, Delivered); a.Attempt != 1 {
		t.Errorf("sent again: %+v", a)
	}
	for _, id := range []string{"msg_zzz_0_00", "msg_test_1", "nonsense", deliveryID("other", place{1, 0}, &alerts.Event{})} {
		if _, err := r.sender.Redeliver(t.Context(), id); !errors.Is(err, ErrNotFound) {
			t.Errorf("redeliver %s: %v", id, err)
		}
	}
}

func TestARetryWaitsAndByHandGoesAtOnce(t *testing.T) {
	calls := 0
	rec := newRecipient(t, func(w http.ResponseWriter, _ received) {
		if calls++; calls == 1 {
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	r := newRig(t, nil)
	h, _ := r.create(Spec{URL: rec.URL})
	r.happen(sampleEvent())
	a := r.newest(h.ID, Retrying)
	if wait := a.NextAt.Sub(a.At); wait < time.Hour || wait > time.Hour+time.Minute {
		t.Errorf("next in %s", wait)
	}
	if _, err := r.sender.Redeliver(t.Context(), a.ID); err != nil {
		t.Fatal(err)
	}
	if a := r.newest(h.ID, Delivered); a.Attempt != 2 {
		t.Errorf("delivered %+v", a)
	}
}

func TestGoneDisables(t *testing.T) {
	rec := newRecipient(t, func(w http.ResponseWriter, _ received) { w.WriteHeader(http.StatusGone) })
	r := newRig(t, nil)
	h, _ := r.create(Spec{URL: rec.URL})
	r.happen(sampleEvent())
	disabled := func() bool {
		got, err := r.sender.Get(h.ID)
		return err == nil && !got.Enabled
	}
	r.until("the webhook is disabled", disabled)
	got, _ := r.sender.Get(h.ID)
	if !strings.Contains(got.DisabledReason, "410") {
		t.Errorf("reason %q", got.DisabledReason)
	}
	a := r.newest(h.ID, Disabled)
	if _, err := r.sender.Redeliver(t.Context(), a.ID); !errors.Is(err, ErrDisabled) {
		t.Errorf("redeliver to a disabled webhook: %v", err)
	}
	r.happen(resolvedEvent())
	r.stop()
	r.open(nil)
	if !disabled() {
		t.Error("a restart enabled it again")
	}
	if n := len(rec.got); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
	// Enabled by hand it goes on with the present.
	alive := newRecipient(t, nil)
	if _, err := r.sender.Update(t.Context(), h.ID, Spec{Name: "back", URL: alive.URL}); err != nil {
		t.Fatal(err)
	}
	ev := sampleEvent()
	ev.Alert.ID = "later"
	r.happen(ev)
	if got := alive.next(t); got.event.Data.Alert.ID != "later" {
		t.Errorf("got the past: %s", got.body)
	}
}

func TestDisablingByHandEndsWhatIsOpen(t *testing.T) {
	rec := newRecipient(t, func(w http.ResponseWriter, _ received) { w.WriteHeader(500) })
	r := newRig(t, func(o *Options) { o.Retries = RetryTable() })
	h, _ := r.create(Spec{URL: rec.URL})
	r.happen(sampleEvent(), resolvedEvent())
	r.newest(h.ID, Waiting)
	off := false
	if _, err := r.sender.Update(t.Context(), h.ID, Spec{Name: "off", URL: rec.URL, Enabled: &off}); err != nil {
		t.Fatal(err)
	}
	r.until("both are ended", func() bool {
		list := r.deliveries(h.ID)
		return list[0].State == Disabled && list[1].State == Disabled && list[0].ID != list[1].ID
	})
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	target := newRecipient(t, nil)
	rec := newRecipient(t, func(w http.ResponseWriter, _ received) {
		w.Header().Set("Location", target.URL)
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	r := newRig(t, nil)
	h, _ := r.create(Spec{URL: rec.URL})
	r.happen(sampleEvent())
	if a := r.newest(h.ID, Dead); a.Status != 307 || !strings.Contains(a.Error, "redirect") {
		t.Errorf("recorded %+v", a)
	}
	if len(target.got) > 0 {
		t.Error("the redirect was followed")
	}
}

func TestLoopbackIsRefusedUnlessAllowed(t *testing.T) {
	rec := newRecipient(t, nil)
	tlsRec := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("was reached") }))
	t.Cleanup(tlsRec.Close)
	r := newRig(t, func(o *Options) { o.AllowPrivate = nil })
	var invalid *Invalid
	for _, url := range []string{rec.URL, tlsRec.URL, strings.Replace(rec.URL, "127.0.0.1", "localhost", 1)} {
		if _, _, err := r.sender.Create(t.Context(), Spec{Name: "x", URL: url}); !errors.As(err, &invalid) || invalid.Problems[0].Path != "url" {
			t.Errorf("%s: %v", url, err)
		}
	}
	// A name shows what it is only at connect.
	h, _ := r.create(Spec{URL: strings.Replace(tlsRec.URL, "127.0.0.1", "localhost", 1)})
	r.happen(sampleEvent())
	if a := r.newest(h.ID, Dead); a.Status != 0 || !strings.HasPrefix(a.Error, "refused: ") {
		t.Errorf("recorded %+v", a)
	}
	if len(rec.got) > 0 {
		t.Error("loopback was reached")
	}
}

func TestAllowedLoopbackByHTTPS(t *testing.T) {
	done := make(chan struct{})
	rec := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { close(done) }))
	t.Cleanup(rec.Close)
	r := newRig(t, func(o *Options) { o.RootCAs = rec.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs })
	h, _ := r.create(Spec{URL: rec.URL})
	r.happen(sampleEvent())
	<-done
	r.newest(h.ID, Delivered)
}

func TestADeadRecipientDelaysNoOther(t *testing.T) {
	hang := make(chan struct{})
	slow := newRecipient(t, func(http.ResponseWriter, received) { <-hang })
	t.Cleanup(func() { close(hang) })
	quick := newRecipient(t, nil)
	r := newRig(t, nil)
	r.create(Spec{Name: "slow", URL: slow.URL})
	r.create(Spec{Name: "quick", URL: quick.URL})
	const n = 50
	for i := range n {
		ev := sampleEvent()
		ev.Alert.ID = fmt.Sprintf("alert-%d", i)
		r.happen(ev)
	}
	for range n {
		quick.next(t)
	}
	for range inFlight {
		slow.next(t)
	}
	if len(slow.got) > 0 {
		t.Errorf("more than %d requests in flight", inFlight)
	}
	slow.CloseClientConnections() // else the stop would wait its 5 s
}

func TestTheAnswerIsReadAndKeptOnlyInPart(t *testing.T) {
	rec := newRecipient(t, func(w http.ResponseWriter, _ received) {
		w.WriteHeader(http.StatusOK)
		for range 100 {
			_, _ = w.Write([]byte(strings.Repeat("x", 10_000)))
		}
	})
	r := newRig(t, nil)
	h, _ := r.create(Spec{URL: rec.URL})
	r.happen(sampleEvent())
	if a := r.newest(h.ID, Delivered); len(a.Answer) != keepAnswer {
		t.Errorf("kept %d bytes", len(a.Answer))
	}
}

func TestABodyThatWouldBeTooLargeIsShortenedAndSaysSo(t *testing.T) {
	rec := newRecipient(t, nil)
	r := newRig(t, nil)
	_, secret := r.create(Spec{URL: rec.URL, Events: []string{"alert.commented"}})
	ev := sampleEvent()
	ev.Type, ev.By, ev.Comment, ev.Alert.Cause = alerts.Commented, "lan", strings.Repeat("ữ", alerts.MaxComment), strings.Repeat("ế", alerts.MaxComment)
	r.happen(ev)
	got := rec.next(t)
	verify(t, secret, got)
	data := got.event.Data
	if len(got.body) > maxBody || !slices.Equal(data.Truncated, []string{"comment", "alert.cause"}) {
		t.Errorf("%d bytes, truncated %v", len(got.body), data.Truncated)
	}
	if n := utf8.RuneCountInString(data.Comment); n < 500 || !strings.HasSuffix(data.Comment, "…") || data.Alert.ID != ev.Alert.ID || data.By != "lan" {
		t.Errorf("comment of %d characters, by %q", n, data.By)
	}
}

func TestAWebhookGetsEventsFromItsCreationOn(t *testing.T) {
	rec := newRecipient(t, nil)
	r := newRig(t, nil)
	r.happen(sampleEvent())
	r.create(Spec{URL: rec.URL, Filter: Filter{Stations: []string{"amata-01"}}})
	r.happen(resolvedEvent())
	if got := rec.next(t); got.event.Type != "alert.resolved" {
		t.Errorf("got %s", got.event.Type)
	}
}

func TestTestIsSentAndRecorded(t *testing.T) {
	status := http.StatusOK
	rec := newRecipient(t, func(w http.ResponseWriter, _ received) { w.WriteHeader(status) })
	r := newRig(t, nil)
	h, secret := r.create(Spec{URL: rec.URL})
	a, err := r.sender.Test(t.Context(), h.ID)
	if err != nil || a.State != Delivered || a.Type != TestEvent {
		t.Errorf("%+v, %v", a, err)
	}
	got := rec.next(t)
	verify(t, secret, got)
	if got.event.Type != "webhook.test" || got.id != a.ID {
		t.Errorf("sent %s", got.body)
	}
	status = http.StatusGone
	if a, err := r.sender.Test(t.Context(), h.ID); err != nil || a.State != Dead || a.Status != 410 {
		t.Errorf("%+v, %v", a, err)
	}
	if now, _ := r.sender.Get(h.ID); !now.Enabled || len(r.deliveries(h.ID)) != 2 {
		t.Errorf("after the tests: %+v", now)
	}
	if _, err := r.sender.Test(t.Context(), "nobody"); !errors.Is(err, ErrNotFound) {
		t.Errorf("%v", err)
	}
}

func TestDeliveriesComeInPages(t *testing.T) {
	rec := newRecipient(t, nil)
	r := newRig(t, nil)
	h, _ := r.create(Spec{URL: rec.URL})
	const n = 25
	for range n {
		if _, err := r.sender.Test(t.Context(), h.ID); err != nil {
			t.Fatal(err)
		}
	}
	var all []Attempt
	cursor, pages := "", 0
	for {
		items, next, err := r.sender.Find(t.Context(), h.ID, Query{Cursor: cursor, Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, items...)
		pages++
		if cursor = next; next == "" {
			break
		}
	}
	if len(all) != n || pages != 3 {
		t.Fatalf("%d in %d pages", len(all), pages)
	}
	for i := 1; i < n; i++ {
		if all[i].At.After(all[i-1].At) {
			t.Errorf("%d is newer than %d", i, i-1)
		}
	}
	if _, _, err := r.sender.Find(t.Context(), h.ID, Query{Cursor: "x", Limit: 10}); !errors.Is(err, alerts.ErrCursor) {
		t.Errorf("%v", err)
	}
}

func TestBadSpecsSayWhichField(t *testing.T) {
	r := newRig(t, nil)
	_, _, err := r.sender.Create(t.Context(), Spec{
		URL: "gopher://x", Events: []string{"alert.opened", "alert.exploded"}, Format: "xml", Secret: "whsec_x",
		Filter: Filter{Severities: []string{"none"}, Parks: []string{"Not An Id"}},
	})
	var invalid *Invalid
	if !errors.As(err, &invalid) {
		t.Fatal(err)
	}
	var paths []string
	for _, p := range invalid.Problems {
		paths = append(paths, p.Path)
	}
	if got, want := strings.Join(paths, " "), "name url events[1] filter.severities[0] filter.parks[0] format secret"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for body, path := range map[string]string{
		`{"name": 1}`: "name", `{"filter": {"late": "yes"}}`: "filter.late", `{"colour": "red"}`: "", `{`: "", `{} {}`: "", ``: "",
	} {
		if _, err := Decode([]byte(body)); !errors.As(err, &invalid) || invalid.Problems[0].Path != path {
			t.Errorf("%s: %v", body, err)
		}
	}
	if spec, err := Decode([]byte(`{"name":"x","url":"https://x.vn","events":["alert.opened"],"filter":{"severities":["critical"],"late":true}}`)); err != nil || !spec.Filter.Late {
		t.Errorf("%+v, %v", spec, err)
	}
}

func TestEditingAndDeleting(t *testing.T) {
	old, moved := newRecipient(t, nil), newRecipient(t, nil)
	r := newRig(t, nil)
	h, _ := r.create(Spec{URL: old.URL})
	if _, err := r.sender.Update(t.Context(), h.ID, Spec{Name: "moved", URL: moved.URL, Format: FormatCloudEvents}); err != nil {
		t.Fatal(err)
	}
	r.happen(sampleEvent())
	if got := moved.next(t); got.header.Get("Content-Type") != "application/cloudevents+json" {
		t.Errorf("got %s", got.header.Get("Content-Type"))
	}
	if err := r.sender.Delete(t.Context(), h.ID); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{r.sender.Delete(t.Context(), h.ID), second(r.sender.Update(t.Context(), h.ID, Spec{})), second(r.sender.Get(h.ID))} {
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("%v", err)
		}
	}
	if len(r.sender.List()) != 0 || len(old.got) != 0 {
		t.Error("it is still there")
	}
}

func second[T any](_ T, err error) error { return err }
