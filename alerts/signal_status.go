package alerts

import (
	"slices"

	"quantrac/ingest"
)

// statusWatch judges what a device says of itself. A status is too long when it lasts for after, too often when it begins more
// than times in a day, and at once suspicious when it begins while the value was over its limit: a status cannot be used to hide.
type statusWatch struct {
	statuses []ingest.Status
	after    int64
	times    int
}

const dayNS = 24 * 3600e9

// judge gives the worst of the three as a share of what is allowed: 1 is too much.
func (w *statusWatch) judge(v *view) (float64, bool) {
	c := v.column()
	if c.cells[v.row]&cellPresent == 0 {
		return 0, false
	}
	if !w.watches(c.cells[v.row]) {
		return 0, true
	}
	begins := w.begins(v)
	score := float64(v.at()-v.tape.at[begins]) / float64(w.after)
	if w.hides(v, begins) {
		score = max(score, 1)
	}
	if w.times > 0 {
		score = max(score, float64(w.count(v))/float64(w.times+1))
	}
	return score, true
}

func (w *statusWatch) watches(c cell) bool {
	return c&cellPresent != 0 && slices.Contains(w.statuses, c.status())
}

// begins is the first row of the run of watched statuses that ends at row, or one in it that lies far enough back to be too long: what
// is said must not depend on how much more of the past is remembered.
func (w *statusWatch) begins(v *view) int {
	c, first := v.column(), v.row
	for r := v.row; r >= 0 && v.within(r, w.after); r-- {
		switch {
		case c.cells[r]&cellPresent == 0:
		case !w.watches(c.cells[r]):
			return first
		default:
			first = r
		}
	}
	return first
}

// hides reports whether the last usable value before the run, of the day before it, was over its limit.
func (w *statusWatch) hides(v *view, begins int) bool {
	c := v.column()
	for row := begins - 1; row >= 0 && v.tape.at[begins]-v.tape.at[row] <= dayNS; row-- {
		if !c.usable(row) {
			continue
		}
		limit := limitAt(v.limits, v.tape.at[row])
		return limit != nil && limit.Ratio(c.value(row)) >= 1
	}
	return false
}

// count is how many runs of watched statuses began in the last day.
func (w *statusWatch) count(v *view) int {
	c, n, inside := v.column(), 0, false
	for row := v.first(dayNS); row <= v.row; row++ {
		if c.cells[row]&cellPresent == 0 {
			continue
		}
		is := w.watches(c.cells[row])
		if is && !inside {
			n++
		}
		inside = is
	}
	return n
}
