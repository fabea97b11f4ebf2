package alerts

import (
	"slices"

	"quantrac/ingest"
)

// unusableWatch judges how long a device has spoken of a parameter without a value that can be judged: no number, an error code, out of
// range, an unknown unit, or a status other than measuring. It is how an excess could pass unseen although nobody is silent.
type unusableWatch struct {
	// statuses are those in which the last value must be for the time to count; others are another rule's business.
	statuses []ingest.Status
	after    int64
}

// judge gives the time as a share of what is allowed: 1 is too long. While nothing is discharged there is nothing to miss.
func (w *unusableWatch) judge(v *view) (float64, bool) {
	c := v.column()
	switch {
	case c.cells[v.row]&cellPresent == 0:
		return 0, false
	case c.usable(v.row) || v.dry():
		return 0, true
	case !slices.Contains(w.statuses, c.cells[v.row].status()):
		return 0, false
	}
	first := v.row
	for row := v.row - 1; row >= 0 && !c.usable(row) && v.within(row, w.after); row-- {
		if c.cells[row]&cellPresent != 0 {
			first = row
		}
	}
	return float64(v.at()-v.tape.at[first]) / float64(w.after), true
}
