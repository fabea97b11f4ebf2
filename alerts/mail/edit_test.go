package mail

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"quantrac/alerts"
)

// none is a configuration without recipients.
func none(o *Options) { o.Configured = nil }

func (r *rig) create(spec Spec) string {
	r.t.Helper()
	made, err := r.sender.Create(r.t.Context(), spec)
	if err != nil {
		r.t.Fatal(err)
	}
	return made.ID
}

// groups counts what waits, as the loop sees it.
func (r *rig) groups() (n int) {
	r.t.Helper()
	if err := r.sender.inLoop(r.t.Context(), func() error { n = len(r.sender.groups); return nil }); err != nil {
		r.t.Fatal(err)
	}
	return n
}

func TestARecipientOfTheAPIGetsWhatHappensFromItsCreationOnAndOutlivesARestart(t *testing.T) {
	s := newMailServer(t, true)
	r := newRig(t, s, none)
	r.happen(opened("before"))
	r.until("nobody hears of it", func() bool { return r.groups() == 0 })
	id := r.create(quick("lan"))
	r.happen(opened("after"))
	if l := s.next(t); l.to != "lan@example.vn" || strings.Contains(l.text, "alert=before") || !strings.Contains(l.text, "alert=after") {
		t.Fatalf("to %s: %s", l.to, l.text)
	}
	r.stop()
	r.open(s, none)
	list := r.sender.List()
	if len(list) != 1 || list[0].ID != id || list[0].Source != sourceAPI || list[0].CreatedAt.IsZero() || list[0].GroupWait != "100ms" {
		t.Fatalf("after a restart %+v", list)
	}
	r.happen(opened("later"))
	if l := s.next(t); !strings.Contains(l.text, "alert=later") {
		t.Errorf("after a restart: %s", l.text)
	}
}

func TestAChangedRecipientGetsItsEmailsElsewhereAndInOtherGroups(t *testing.T) {
	s := newMailServer(t, true)
	r := newRig(t, s, none)
	spec := quick("lan")
	spec.GroupWait, spec.RepeatInterval = ptr(time.Hour), ptr(time.Minute)
	id := r.create(spec)
	ph := opened("ph")
	ph.Alert.Rule, ph.Alert.Parameter = "ph-band", "ph"
	r.happen(opened("cod"), ph)
	r.until("two groups wait", func() bool { return r.groups() == 2 })
	spec.Address, spec.GroupBy, spec.RepeatInterval = "mai@example.vn", []string{"park"}, ptr(time.Duration(0))
	changed, err := r.sender.Update(t.Context(), id, spec)
	if err != nil || changed.Address != "mai@example.vn" || changed.RepeatInterval != "0s" {
		t.Fatalf("%+v, %v", changed, err)
	}
	r.until("one group waits", func() bool { return r.groups() == 1 })
	r.stop()
	r.open(s, none)
	if n := r.groups(); n != 1 {
		t.Errorf("%d groups after a restart", n)
	}
	var pending []change
	err = r.sender.inLoop(t.Context(), func() error {
		for _, g := range r.sender.groups {
			pending = g.Pending
			g.Due = time.Now()
		}
		return nil
	})
	if err != nil || len(pending) != 2 {
		t.Fatalf("pending %+v, %v", pending, err)
	}
	if l := s.next(t); l.to != "mai@example.vn" || !strings.Contains(l.text, "alert=cod") || !strings.Contains(l.text, "alert=ph") {
		t.Errorf("to %s: %s", l.to, l.text)
	}
}

func TestWhatWaitsForARecipientThatGoesIsForgotten(t *testing.T) {
	for name, leave := range map[string]func(*Sender, *testing.T, string, Spec) error{
		"deleted": func(s *Sender, t *testing.T, id string, _ Spec) error { return s.Delete(t.Context(), id) },
		"disabled": func(s *Sender, t *testing.T, id string, spec Spec) error {
			spec.Enabled = ptr(false)
			_, err := s.Update(t.Context(), id, spec)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, newMailServer(t, true), none)
			spec := quick("lan")
			spec.GroupWait = ptr(time.Hour)
			id := r.create(spec)
			r.happen(opened("cod"))
			r.until("it waits", func() bool { return r.groups() == 1 })
			if err := leave(r.sender, t, id, spec); err != nil {
				t.Fatal(err)
			}
			r.until("nothing waits", func() bool { return r.groups() == 0 })
			keys, err := r.sender.bucket.Keys(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, key := range keys {
				if strings.HasPrefix(key, groupPrefix) || strings.HasPrefix(key, recipientKey) {
					t.Errorf("the bucket still has %s", key)
				}
			}
		})
	}
}

func TestEditsThatAreRefused(t *testing.T) {
	r := newRig(t, newMailServer(t, true), nil)
	made := r.create(quick("lan"))
	configured := r.id(0)
	for _, c := range []struct {
		name string
		do   func() error
		want error
	}{
		{"update of the file's", func() error { _, err := r.sender.Update(t.Context(), configured, quick("x")); return err }, ErrConfigured},
		{"delete of the file's", func() error { return r.sender.Delete(t.Context(), configured) }, ErrConfigured},
		{"update of none", func() error { _, err := r.sender.Update(t.Context(), "ml_none", quick("x")); return err }, ErrNotFound},
		{"delete of none", func() error { return r.sender.Delete(t.Context(), "ml_none") }, ErrNotFound},
	} {
		if err := c.do(); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	var invalid *Invalid
	if _, err := r.sender.Create(t.Context(), quick("duty")); !errors.As(err, &invalid) || invalid.Problems[0].Path != "name" {
		t.Errorf("a name twice: %v", err)
	}
	bad := quick("x")
	bad.Address = "nobody"
	if _, err := r.sender.Update(t.Context(), made, bad); !errors.As(err, &invalid) || invalid.Problems[0].Path != "address" {
		t.Errorf("a bad address: %v", err)
	}
	if got, err := r.sender.Get(made); err != nil || got.Address != "lan@example.vn" {
		t.Errorf("a refused edit changed it: %+v, %v", got, err)
	}
	r.stop()
	if _, err := r.sender.Create(t.Context(), quick("late")); !errors.Is(err, ErrDisabled) {
		t.Errorf("after the end: %v", err)
	}
}

func TestDecodeSaysWhatIsWrong(t *testing.T) {
	spec, err := Decode([]byte(`{"name":"lan","address":"lan@example.vn","group_wait":"10s","repeat_interval":"0s","filter":{"parks":["amata"]}}`))
	if err != nil || *spec.GroupWait != 10*time.Second || *spec.RepeatInterval != 0 || spec.GroupInterval != nil || spec.Filter.Parks[0] != "amata" {
		t.Errorf("%+v, %v", spec, err)
	}
	for body, path := range map[string]string{
		`{"group_wait":"soon","group_interval":"5"}`: "group_wait group_interval", `{"group_wait":30}`: "group_wait", `{"colour":1}`: "", `{} {}`: "", `{`: "",
	} {
		var invalid *Invalid
		if _, err := Decode([]byte(body)); !errors.As(err, &invalid) {
			t.Errorf("%s: %v", body, err)
			continue
		}
		var paths []string
		for _, p := range invalid.Problems {
			paths = append(paths, p.Path)
		}
		if got := strings.Join(paths, " "); got != path {
			t.Errorf("%s: %q", body, got)
		}
	}
}

// Too many groups share an e-mail: reading goes on, so that alerts that end make room.
func TestTooManyGroupsShareTheRest(t *testing.T) {
	r := newRig(t, newMailServer(t, true), none)
	spec := quick("lan")
	spec.GroupBy, spec.GroupWait = []string{"station"}, ptr(time.Hour)
	r.create(spec)
	const more = 3
	var events []alerts.Event
	for i := range maxGroups + more {
		ev := opened(fmt.Sprint("a", i))
		ev.Alert.Station.ID = fmt.Sprint("s", i)
		events = append(events, ev)
	}
	for len(events) > 0 {
		n := min(len(events), 500)
		r.happen(events[:n]...)
		events = events[n:]
	}
	rest := 0
	r.until("all are taken in", func() bool {
		err := r.sender.inLoop(t.Context(), func() error {
			for _, g := range r.sender.groups {
				if g.Key.Rest {
					rest = len(g.Pending)
				}
			}
			return nil
		})
		return err == nil && rest == more
	})
	if n := r.groups(); n != maxGroups+1 {
		t.Errorf("%d groups", n)
	}
}
