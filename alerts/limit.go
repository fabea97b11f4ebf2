package alerts

import "math"

// Limit is what the law allows one parameter at one station at one time.
type Limit struct {
	Parameter string
	// Min and Max in the canonical unit; NaN = no such bound.
	Min, Max float64
	// Reference names the law, column and factors, as an alert shows it.
	Reference string
	// Verified: somebody compared the number with the official text.
	Verified bool
}

// maxRatio caps the ratio of a lower bound, where a value near 0 would give infinity.
const maxRatio = 10

// Ratio measures how near a value is to its limit: 1 is the bound. value/max for an upper bound, min/value (at most 10) for
// a lower bound, |value−middle|/half-width for a band; NaN without a bound.
func (l Limit) Ratio(v float64) float64 {
	hasMin, hasMax := !math.IsNaN(l.Min), !math.IsNaN(l.Max)
	switch {
	case hasMin && hasMax:
		return denoise(math.Abs(v-(l.Min+l.Max)/2) / ((l.Max - l.Min) / 2))
	case hasMax:
		return v / l.Max
	case hasMin && v <= l.Min/maxRatio:
		return maxRatio
	case hasMin:
		return l.Min / v
	default:
		return math.NaN()
	}
}

// Nearer is the bound that a value is closer to; NaN without a bound.
func (l Limit) Nearer(v float64) float64 {
	switch {
	case math.IsNaN(l.Max):
		return l.Min
	case math.IsNaN(l.Min) || v >= (l.Min+l.Max)/2:
		return l.Max
	default:
		return l.Min
	}
}

// denoise takes the error of a binary difference off a ratio, so that pH 8.85 has gone exactly 0.9 of the way from 7.5 to 9.
func denoise(x float64) float64 {
	const places = 1e12
	return math.Round(x*places) / places
}
