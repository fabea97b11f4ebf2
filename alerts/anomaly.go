package alerts

import "math"

// anomaly measures how far a value is from what the station has at this time of day: from the median of the last days within half an
// hour of it, in robust standard deviations. Days of storms or faults do not move a median. It needs half of the days.
type anomaly struct {
	days int
}

const (
	// around is how far from the time of day a value may be, on either side.
	around = hourNS / 2
	// leastSpread is the share of the median below which a spread is noise of a too calm week.
	leastSpread = 0.02
)

func (a *anomaly) judge(v *view) (float64, bool) {
	c := v.column()
	if !c.usable(v.row) || !v.entersSlot(max(dayNS/slotsPerWindow, int64(v.st.Cycle))) {
		return 0, false
	}
	var past []float64
	seen := 0
	for day := 1; day <= a.days; day++ {
		n := len(past)
		centre := v.at() - int64(day)*dayNS
		for row := v.tape.after(centre - around - 1); row < len(v.tape.at) && v.tape.at[row] <= centre+around; row++ {
			if c.usable(row) {
				past = append(past, c.value(row))
			}
		}
		if len(past) > n {
			seen++
		}
	}
	if seen < (a.days+1)/2 || len(past) < fewestPoints {
		return 0, false
	}
	middle := median(past)
	for i := range past {
		past[i] = math.Abs(past[i] - middle)
	}
	spread := max(madToSigma*median(past), leastSpread*math.Abs(middle))
	if spread == 0 {
		return 0, false
	}
	return asJudged(float32(math.Abs(c.value(v.row)-middle) / spread)), true
}
