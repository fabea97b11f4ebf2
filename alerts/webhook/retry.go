package webhook

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// RetryTable is the contract's: what passes before the second, third ... tenth try.
func RetryTable() []time.Duration {
	return []time.Duration{
		5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour,
		20 * time.Hour, 24 * time.Hour,
	}
}

// maxRetryAfter bounds what a recipient may ask for.
const maxRetryAfter = 24 * time.Hour

type retryPolicy struct {
	waits []time.Duration
	// jitter gives numbers in [0, 1), so that what failed together does not come again together.
	jitter func() float64
}

// longest is how long all tries take together, with what a pause of the host may add.
func (p retryPolicy) longest() time.Duration {
	total := time.Duration(0)
	for _, wait := range p.waits {
		total += wait
	}
	return total + total/10 + maxPause
}

// judge says what becomes of a delivery after its try number tries, and the wait before the next one.
func (p retryPolicy) judge(o *outcome, tries int) (State, time.Duration) {
	switch {
	case o.status >= 200 && o.status < 300:
		return Delivered, 0
	case o.status == http.StatusGone:
		return Disabled, 0
	case tries > len(p.waits):
		return Dead, 0
	}
	wait := p.waits[tries-1]
	wait += time.Duration(float64(wait) * (p.jitter()*0.2 - 0.1))
	return Retrying, max(wait, o.retryAfter)
}

// retryAfter reads what a busy recipient asks for: seconds or a date; 0 = nothing.
func retryAfter(status int, header string, now time.Time) time.Duration {
	switch status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusBadGateway, http.StatusGatewayTimeout:
	default:
		return 0
	}
	header = strings.TrimSpace(header)
	if n, err := strconv.ParseUint(header, 10, 31); err == nil {
		return min(time.Duration(n)*time.Second, maxRetryAfter)
	}
	if t, err := http.ParseTime(header); err == nil {
		return min(max(t.Sub(now), 0), maxRetryAfter)
	}
	return 0
}
