package webhook

import (
	"net/http"
	"testing"
	"time"
)

func TestRetryTableHoldsTheContract(t *testing.T) {
	half := retryPolicy{RetryTable(), func() float64 { return 0.5 }} // the middle of the jitter
	want := []string{"5s", "5m0s", "30m0s", "2h0m0s", "5h0m0s", "10h0m0s", "14h0m0s", "20h0m0s", "24h0m0s"}
	for i, w := range want {
		if state, wait := half.judge(&outcome{status: 500}, i+1); state != Retrying || wait.Round(time.Second).String() != w {
			t.Errorf("after try %d: %s in %s, want %s", i+1, state, wait, w)
		}
	}
	if state, _ := half.judge(&outcome{}, len(want)+1); state != Dead {
		t.Errorf("after the last try: %s", state)
	}
}

func TestJitterIsATenth(t *testing.T) {
	for jitter, want := range map[float64]time.Duration{0: 270 * time.Second, 0.5: 300 * time.Second, 1: 330 * time.Second} {
		p := retryPolicy{RetryTable(), func() float64 { return jitter }}
		if _, wait := p.judge(&outcome{}, 2); (wait - want).Abs() > time.Millisecond {
			t.Errorf("jitter %g: %s, want %s", jitter, wait, want)
		}
	}
}

func TestAnswers(t *testing.T) {
	p := retryPolicy{RetryTable(), func() float64 { return 0.5 }}
	for status, want := range map[int]State{
		200: Delivered, 204: Delivered, 299: Delivered, 302: Retrying, 304: Retrying, 400: Retrying, 404: Retrying, 410: Disabled, 429: Retrying,
		500: Retrying, 0: Retrying,
	} {
		if got, _ := p.judge(&outcome{status: status}, 1); got != want {
			t.Errorf("%d: %s, want %s", status, got, want)
		}
	}
	if _, wait := p.judge(&outcome{status: 503, retryAfter: time.Hour}, 1); wait != time.Hour {
		t.Errorf("a recipient that asks for an hour waits %s", wait)
	}
	if _, wait := p.judge(&outcome{status: 503, retryAfter: time.Second}, 2); wait != 5*time.Minute {
		t.Errorf("asking for less than the table gives %s", wait)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 24, 6, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		status int
		header string
		want   time.Duration
	}{
		{503, "120", 2 * time.Minute},
		{429, " 7 ", 7 * time.Second},
		{503, "99999999", maxRetryAfter},
		{503, "-5", 0},
		{503, "soon", 0},
		{503, "", 0},
		{429, now.Add(90 * time.Second).Format(http.TimeFormat), 90 * time.Second},
		{429, now.Add(-time.Hour).Format(http.TimeFormat), 0},
		{429, now.Add(100 * time.Hour).Format(http.TimeFormat), maxRetryAfter},
		{500, "120", 0},
		{200, "120", 0},
	} {
		if got := retryAfter(c.status, c.header, now); got != c.want {
			t.Errorf("%d %q: %s, want %s", c.status, c.header, got, c.want)
		}
	}
}
