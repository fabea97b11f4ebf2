package bench

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// latency counts durations in steps of at most 3 %. It is safe for concurrent use.
type latency struct {
	counts [64 << stepBits]atomic.Uint32
	n      atomic.Uint64
}

// stepBits makes 32 steps between a power of two and the next.
const stepBits = 5

func (l *latency) observe(d time.Duration) {
	l.counts[step(uint64(max(d, 0)))].Add(1)
	l.n.Add(1)
}

// step is the place of a value: its power of two and the bits after the first.
func step(v uint64) int {
	if v < 1<<stepBits {
		return int(v)
	}
	shift := bits.Len64(v) - stepBits - 1
	return (shift+1)<<stepBits + int(v>>shift) - 1<<stepBits
}

// ceiling is the greatest value of a step.
func ceiling(i int) uint64 {
	if i < 1<<stepBits {
		return uint64(i)
	}
	shift := i>>stepBits - 1
	return (uint64(i&(1<<stepBits-1))+1<<stepBits+1)<<shift - 1
}

// quantile is the duration that a share q of all did not exceed; 0 when there is none.
func (l *latency) quantile(q float64) time.Duration {
	n := l.n.Load()
	if n == 0 {
		return 0
	}
	rank := max(uint64(q*float64(n)+0.5), 1)
	var seen uint64
	for i := range l.counts {
		if seen += uint64(l.counts[i].Load()); seen >= rank {
			return time.Duration(ceiling(i))
		}
	}
	return 0
}
