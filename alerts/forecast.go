package alerts

import (
	"math"
	"slices"
)

// forecast predicts the value at the end of a horizon by a robust line through the window: the slope of Theil and Sen (the median of
// the slopes of all pairs) and the median of what it leaves. What is judged is the cautious end of the interval: the end that is
// nearer to the present, so that a warning means that the limit will be reached although the trend is taken at its weakest.
//
// Sources: P. K. Sen, Estimates of the regression coefficient based on Kendall's tau, J. Am. Stat. Assoc. 63 (1968); the interval
// takes the slopes at the quarter points and the spread of the residuals (1.4826 × median absolute deviation).
type forecast struct {
	window, horizon int64
}

const (
	// mostPoints bounds the pairs: 32 points make 496 of them. A fuller window is thinned evenly.
	mostPoints = 32
	// fewestPoints is what a line must rest on.
	fewestPoints = 12
	// madToSigma makes a median absolute deviation a standard deviation, for normal errors.
	madToSigma = 1.4826
)

func (f *forecast) judge(v *view) (float64, bool) {
	c := v.column()
	if !c.usable(v.row) || !v.entersSlot(max(f.window/slotsPerWindow*4, int64(v.st.Cycle))) {
		return 0, false
	}
	hours, values := f.points(v)
	if len(values) < fewestPoints || hours[0] > -float64(f.window)/hourNS/2 {
		return 0, false
	}
	low, mid, high := slopes(hours, values)
	level, spread := residuals(hours, values, mid)
	horizon := float64(f.horizon) / hourNS
	now := level
	switch {
	case low > 0:
		return asJudged(float32(max(now, now+low*horizon-spread))), true
	case high < 0:
		return asJudged(float32(min(now, now+high*horizon+spread))), true
	default: // no direction that three quarters of the pairs agree on
		return asJudged(float32(now)), true
	}
}

// points are the usable values of the window with their hours before now, oldest first.
func (f *forecast) points(v *view) (hours, values []float64) {
	c := v.column()
	for row := v.first(f.window); row <= v.row; row++ {
		if c.usable(row) {
			hours = append(hours, float64(v.tape.at[row]-v.at())/hourNS)
			values = append(values, c.value(row))
		}
	}
	n := len(values)
	if n <= mostPoints {
		return hours, values
	}
	for i := range mostPoints {
		k := i * (n - 1) / (mostPoints - 1)
		hours[i], values[i] = hours[k], values[k]
	}
	return hours[:mostPoints], values[:mostPoints]
}

// slopes are the lower quartile, the median and the upper quartile of the slopes of all pairs, per hour.
func slopes(hours, values []float64) (low, mid, high float64) {
	all := make([]float64, 0, len(values)*(len(values)-1)/2)
	for i := range values {
		for k := i + 1; k < len(values); k++ {
			all = append(all, (values[k]-values[i])/(hours[k]-hours[i]))
		}
	}
	slices.Sort(all)
	at := func(share float64) float64 { return all[int(share*float64(len(all)-1))] }
	return at(0.25), at(0.5), at(0.75)
}

// residuals are the value of the line now and the spread of the values around it.
func residuals(hours, values []float64, slope float64) (level, spread float64) {
	rest := make([]float64, len(values))
	for i := range values {
		rest[i] = values[i] - slope*hours[i]
	}
	level = median(rest)
	for i := range rest {
		rest[i] = math.Abs(values[i] - slope*hours[i] - level)
	}
	return level, madToSigma * median(rest)
}

// median reorders x.
func median(x []float64) float64 {
	slices.Sort(x)
	n := len(x)
	if n%2 == 1 {
		return x[n/2]
	}
	return (x[n/2-1] + x[n/2]) / 2
}
