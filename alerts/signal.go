package alerts

import "quantrac/geo"

// view is a tape as it was right after one instant: a signal sees nothing behind it.
type view struct {
	st   *geo.Station
	tape *tape
	// col is the column of the rule's parameter, -1 for a rule about the whole station; row is the instant.
	col, row int
	limits   []limitSpan
}

func (v *view) at() int64 { return v.tape.at[v.row] }

func (v *view) cell() cell { return v.tape.cols[v.col].cells[v.row] }

// signal is the number that a rule judges at an instant; false when there is none, and then nothing changes.
type signal func(v *view) (float64, bool)

func currentValue(v *view) (float64, bool) {
	c := &v.tape.cols[v.col]
	return c.value(v.row), c.usable(v.row)
}

// meanOver is the mean of the usable values of the window that ends at the instant. It needs the share of those that the
// station's cycle promises; below it there is no mean, which is not the same as a good one.
//
// The values are added in the order of time, so that the same window gives the same mean to the last bit, whenever it is computed.
func meanOver(window int64, share float64) signal {
	return func(v *view) (float64, bool) {
		if !v.tape.cols[v.col].usable(v.row) || !v.entersSlot(window/slotsPerWindow) {
			return 0, false
		}
		sum, n := sumOver(v, window)
		expected := float64(window) / float64(v.st.Cycle)
		if n == 0 || float64(n) < share*expected {
			return 0, false
		}
		return asJudged(float32(sum / float64(n))), true
	}
}

// slotsPerWindow is how often a mean is judged while its window passes: the mean of a day every quarter of an hour. It moves too
// slowly for more to be worth the adding.
const slotsPerWindow = 96

// entersSlot reports whether the value is the first usable one of its parameter in a slot of time.
func (v *view) entersSlot(slot int64) bool {
	c, at := &v.tape.cols[v.col], v.tape.at
	for row := v.row - 1; row >= 0 && at[row]/slot == at[v.row]/slot; row-- {
		if c.usable(row) {
			return false
		}
	}
	return true
}

// sumOver adds the usable values in (at − window, at].
func sumOver(v *view, window int64) (sum float64, n int) {
	c, at := &v.tape.cols[v.col], v.tape.at
	first := v.row
	for first > 0 && at[first-1] > at[v.row]-window {
		first--
	}
	for i := first; i <= v.row; i++ {
		if c.usable(i) {
			sum += float64(c.values[i])
			n++
		}
	}
	return sum, n
}
