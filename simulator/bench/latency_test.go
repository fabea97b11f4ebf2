package bench

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// The quantile is never below the exact one, and at most a thirty-second above it.
func TestLatency(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		var l latency
		values := make([]time.Duration, 1+random.IntN(3000))
		for i := range values {
			values[i] = time.Duration(random.Uint64() >> (1 + random.IntN(62)))
			l.observe(values[i])
		}
		slices.Sort(values)
		for _, q := range []float64{0, 0.5, 0.9, 0.99, 1} {
			rank := max(int(q*float64(len(values))+0.5), 1)
			exact, got := values[rank-1], l.quantile(q)
			if got < exact || float64(got) > float64(exact)*(1+1.0/32) {
				t.Fatalf("quantile %g of %d values is %d, exactly %d", q, len(values), got, exact)
			}
		}
	}
	var none latency
	if got := none.quantile(0.5); got != 0 {
		t.Errorf("the median of nothing is %s", got)
	}
	none.observe(-time.Second)
	if got := none.quantile(1); got != 0 {
		t.Errorf("a negative duration counts as %s", got)
	}
}
