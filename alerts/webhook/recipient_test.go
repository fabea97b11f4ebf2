package webhook

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"quantrac/alerts"
)

func TestARotatedSecretSignsForADay(t *testing.T) {
	rec := newRecipient(t, nil)
	var shift atomic.Int64
	r := newRig(t, func(o *Options) { o.Now = func() time.Time { return time.Now().Add(time.Duration(shift.Load())) } })
	h, old := r.create(Spec{URL: rec.URL})
	rotated, fresh, err := r.sender.RotateSecret(t.Context(), h.ID)
	if err != nil || fresh == old || !rotated.OldSecretUntil.After(time.Now().Add(23*time.Hour)) {
		t.Fatalf("%+v, %v", rotated, err)
	}
	r.happen(sampleEvent())
	got := rec.next(t)
	verify(t, old, got)
	verify(t, fresh, got)
	if n := len(strings.Fields(got.header.Get("Webhook-Signature"))); n != 2 {
		t.Errorf("%d signatures", n)
	}
	r.newest(h.ID, Delivered)
	r.stop()
	r.open(nil)
	if _, err := r.sender.Test(t.Context(), h.ID); err != nil {
		t.Fatal(err)
	}
	again := rec.next(t)
	verify(t, old, again)
	verify(t, fresh, again)
	r.stop()
	r.open(func(o *Options) { o.Now = func() time.Time { return time.Now().Add(secretGrace + time.Minute) } })
	if _, err := r.sender.Test(t.Context(), h.ID); err != nil {
		t.Fatal(err)
	}
	if n := len(strings.Fields(rec.next(t).header.Get("Webhook-Signature"))); n != 1 {
		t.Errorf("%d signatures after a day", n)
	}
	if v, err := r.sender.Get(h.ID); err != nil || !v.OldSecretUntil.IsZero() {
		t.Errorf("still signing: %+v, %v", v, err)
	}
	if _, _, err := r.sender.RotateSecret(t.Context(), "nobody"); !errors.Is(err, ErrNotFound) {
		t.Errorf("%v", err)
	}
}

func TestSecretsOfTheFirstStoresAreRead(t *testing.T) {
	var s signer
	if err := s.UnmarshalJSON([]byte(`"whsec_abc"`)); err != nil || s.Secret != "whsec_abc" || !s.Until.IsZero() {
		t.Errorf("%+v, %v", s.Until, err)
	}
}

func TestManyRotationsKeepFewSignatures(t *testing.T) {
	h := &hook{}
	now := time.Now()
	for range 20 {
		h.rotate(newSecret(), now)
	}
	if n := len(h.signing(now)); n != maxSigners {
		t.Errorf("%d sign", n)
	}
	first := h.secrets[0].Secret
	h.rotate(first, now)
	if h.secrets[0].Secret != first || len(h.secrets) != maxSigners {
		t.Error("the same secret again is a rotation")
	}
}

func TestAPreviewIsTheRequestAndSendsNothing(t *testing.T) {
	rec := newRecipient(t, nil)
	r := newRig(t, nil)
	for _, format := range []string{FormatQuantrac, FormatAlertmanager, FormatCloudEvents} {
		h, secret := r.create(Spec{Name: format, URL: rec.URL, Format: format})
		p, err := r.sender.Preview(t.Context(), h.ID)
		if err != nil || p.Method != http.MethodPost || p.URL != rec.URL {
			t.Fatalf("%+v, %v", p, err)
		}
		verify(t, secret, received{header: p.Header, body: []byte(p.Body)})
		if _, err := r.sender.Test(t.Context(), h.ID); err != nil {
			t.Fatal(err)
		}
		got := rec.next(t)
		for name := range p.Header {
			if got.header.Get(name) == "" {
				t.Errorf("%s: the preview has %s, the request has not", format, name)
			}
		}
		if p.Header.Get("Content-Type") != got.header.Get("Content-Type") {
			t.Errorf("%s is previewed as %s", got.header.Get("Content-Type"), p.Header.Get("Content-Type"))
		}
		if len(r.deliveries(h.ID)) != 1 || len(rec.got) != 0 {
			t.Errorf("%s: the preview was sent or recorded", format)
		}
	}
}

func TestALinkShowsItsOwnDeliveriesOnly(t *testing.T) {
	rec := newRecipient(t, nil)
	r := newRig(t, nil)
	mine, _ := r.create(Spec{Name: "mine", URL: rec.URL + "/mine"})
	other, _ := r.create(Spec{Name: "other", URL: rec.URL + "/other"})
	r.happen(sampleEvent())
	rec.next(t)
	rec.next(t)
	foreign := r.newest(other.ID, Delivered)
	own := r.newest(mine.ID, Delivered)
	token, err := r.sender.LinkToken(t.Context(), mine.ID)
	if err != nil || len(token) < 40 {
		t.Fatal(token, err)
	}
	r.stop()
	r.open(nil) // the link lives in the bucket
	if w, err := r.sender.ByLink(token); err != nil || w.ID != mine.ID || w.LinkCreatedAt.IsZero() {
		t.Errorf("%+v, %v", w, err)
	}
	list, _, err := r.sender.LinkDeliveries(t.Context(), token, Query{})
	if err != nil || len(list) != 1 || list[0].ID != own.ID {
		t.Errorf("%+v, %v", list, err)
	}
	if _, err := r.sender.LinkRedeliver(t.Context(), token, foreign.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("a foreign delivery: %v", err)
	}
	if _, err := r.sender.LinkRedeliver(t.Context(), token, own.ID); err != nil {
		t.Errorf("its own: %v", err)
	}
	if got := rec.next(t); got.id != own.ID {
		t.Errorf("sent %s", got.id)
	}
	second, err := r.sender.LinkToken(t.Context(), mine.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.sender.RevokeLink(t.Context(), other.ID); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{token, "", linkPrefix, second[:len(second)-1], string(r.sender.hooks[mine.ID].link)} {
		if _, err := r.sender.ByLink(bad); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q opens it: %v", bad, err)
		}
	}
	if err := r.sender.RevokeLink(t.Context(), mine.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := r.sender.ByLink(second); !errors.Is(err, ErrNotFound) {
		t.Errorf("after it was revoked: %v", err)
	}
}

func TestAnEmptyListAsksForTheTypesOfTheContract(t *testing.T) {
	all := &hook{}
	of := func(typ alerts.EventType) *alerts.Event {
		ev := sampleEvent()
		ev.Type = typ
		return &ev
	}
	for _, typ := range usualEvents() {
		if !all.wants(of(typ)) {
			t.Errorf("%s is left out", typ)
		}
	}
	for _, typ := range []alerts.EventType{alerts.Commented, alerts.Assigned, alerts.Escalated} {
		if all.wants(of(typ)) {
			t.Errorf("%s comes unasked", typ)
		}
		asked := &hook{Webhook: Webhook{Events: []string{string(typ)}}}
		if !asked.wants(of(typ)) || asked.wants(of(alerts.Opened)) || !slices.Contains(eventTypes(), string(typ)) {
			t.Errorf("%s cannot be asked for by name", typ)
		}
	}
}

func TestThePauseOfAHostIsSeen(t *testing.T) {
	rec := newRecipient(t, nil)
	url := rec.URL
	rec.Close() // nobody listens there
	r := newRig(t, func(o *Options) { o.Retries = RetryTable() })
	h, _ := r.create(Spec{URL: url})
	for i := range 2 * pauseAfter {
		ev := sampleEvent()
		ev.Alert.ID = string(rune('a' + i))
		r.happen(ev)
	}
	r.until("the host is paused", func() bool {
		v, err := r.sender.Get(h.ID)
		return err == nil && v.Health.State == HealthPaused
	})
	v := r.sender.List()[0]
	if v.Health.Failures < pauseAfter || v.Health.NextTry.IsZero() || v.Health.Since.IsZero() || v.Health.Pending == 0 {
		t.Errorf("view %+v", v.Health)
	}
}
