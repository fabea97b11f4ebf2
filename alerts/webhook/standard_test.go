package webhook

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A request as the npm library of Standard Webhooks is asked about it, and what it answers.
type (
	asked struct {
		Secret  string            `json:"secret"`
		Headers map[string]string `json:"headers"`
		Body    string            `json:"body"`
	}
	answered struct {
		Verified  bool   `json:"verified"`
		Error     string `json:"error"`
		Signature string `json:"signature"`
	}
)

// askStandardWebhooks runs testdata/standardwebhooks. Without node or its modules (npm ci) the test is skipped, unless
// QUANTRAC_NEED_STANDARDWEBHOOKS is set.
func askStandardWebhooks(t *testing.T, list ...asked) []answered {
	t.Helper()
	dir := filepath.Join("testdata", "standardwebhooks")
	node, err := exec.LookPath("node")
	if err == nil {
		_, err = os.Stat(filepath.Join(dir, "node_modules", "standardwebhooks"))
	}
	if err != nil && os.Getenv("QUANTRAC_NEED_STANDARDWEBHOOKS") == "" {
		t.Skip("no independent library (npm ci in ", dir, "): ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	in, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), node, "verify.mjs")
	cmd.Dir, cmd.Stdin = dir, bytes.NewReader(in)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, complaint.Bytes())
	}
	var answers []answered
	if err := json.Unmarshal(out, &answers); err != nil || len(answers) != len(list) {
		t.Fatalf("%d answers to %d requests, %v: %s", len(answers), len(list), err, out)
	}
	return answers
}

func ask(secret string, r received) asked {
	headers := map[string]string{}
	for name := range r.header {
		headers[strings.ToLower(name)] = r.header.Get(name)
	}
	return asked{secret, headers, string(r.body)}
}

// A delivery as it was received verifies with the library that recipients take from npm, under both secrets of a rotation;
// another body, id, time or secret does not.
func TestDeliveriesVerifyWithTheLibraryOfNpm(t *testing.T) {
	rec := newRecipient(t, nil)
	r := newRig(t, nil)
	h, old := r.create(Spec{URL: rec.URL})
	r.happen(sampleEvent())
	before := rec.next(t)
	_, fresh, err := r.sender.RotateSecret(t.Context(), h.ID)
	if err != nil {
		t.Fatal(err)
	}
	r.happen(sampleEvent())
	after := rec.next(t)

	forged := func(change func(*asked)) asked {
		a := ask(fresh, after)
		change(&a)
		return a
	}
	cases := []struct {
		name string
		asked
		verified bool
	}{
		{"before the rotation", ask(old, before), true},
		{"after it, with the new secret", ask(fresh, after), true},
		{"after it, with the old secret", ask(old, after), true},
		{"with a secret that did not sign yet", ask(fresh, before), false},
		{"another body", forged(func(a *asked) { a.Body = strings.Replace(a.Body, "91.2", "19.2", 1) }), false},
		{"another id", forged(func(a *asked) { a.Headers["webhook-id"] += "0" }), false},
		{"another time", forged(func(a *asked) {
			a.Headers["webhook-timestamp"] = strconv.FormatInt(time.Now().Add(-time.Minute).Unix(), 10)
		}), false},
	}
	list := make([]asked, len(cases))
	for i := range cases {
		list[i] = cases[i].asked
	}
	for i, got := range askStandardWebhooks(t, list...) {
		if got.Verified != cases[i].verified {
			t.Errorf("%s: verified %v, %s", cases[i].name, got.Verified, got.Error)
		}
	}
}

// The vector that the project Standard Webhooks publishes with its libraries.
func TestPublishedVector(t *testing.T) {
	const (
		key  = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
		id   = "msg_p5jXN8AQM9LWM0D4loKWxJek"
		body = `{"test": 2432232314}`
		want = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
	)
	at := time.Unix(1614265330, 0)
	got, err := signature([]secret{key}, id, at, []byte(body))
	if err != nil || got != want {
		t.Errorf("we sign %s, %v", got, err)
	}
	headers := map[string]string{"webhook-id": id, "webhook-timestamp": strconv.FormatInt(at.Unix(), 10), "webhook-signature": got}
	if got := askStandardWebhooks(t, asked{key, headers, body})[0].Signature; got != want {
		t.Errorf("the library signs %s", got)
	}
}
