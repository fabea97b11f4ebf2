package alerts

import (
	"math"
	"slices"

	"quantrac/geo"
)

// view is a tape as it was right after one instant: a signal sees nothing behind it.
type view struct {
	st   *geo.Station
	tape *tape
	// col is the column of the rule's parameter, -1 for a rule about the whole station; row is the instant.
	col, row int
	limits   []limitSpan
	// engine and station are asked for the limits of other parameters.
	engine  *Engine
	station *stationState
}

func (v *view) at() int64 { return v.tape.at[v.row] }

func (v *view) limitsOf(parameter string) []limitSpan { return v.engine.limitsOf(v.station, parameter) }

// within reports whether a row lies no further back than a span and what may be missing of it.
func (v *view) within(row int, span int64) bool {
	return v.at()-v.tape.at[row] <= span+gapCycles*int64(v.st.Cycle)
}

func (v *view) column() *column { return &v.tape.cols[v.col] }

// signal is the number that a rule judges at an instant; false when there is none, and then nothing changes.
type signal func(v *view) (float64, bool)

func currentValue(v *view) (float64, bool) {
	c := v.column()
	return c.value(v.row), c.usable(v.row)
}

// meanOver is the mean of the usable values of the window that ends at the instant. It needs the share of those that the
// station's cycle promises; below it there is no mean, which is not the same as a good one.
//
// The values are added in the order of time, so that the same window gives the same mean to the last bit, whenever it is computed.
func meanOver(window int64, share float64) signal {
	return func(v *view) (float64, bool) {
		if !v.column().usable(v.row) || !v.entersSlot(window/slotsPerWindow) {
			return 0, false
		}
		return v.mean(v.col, window, share)
	}
}

func (v *view) mean(col int, window int64, share float64) (float64, bool) {
	sum, n := 0.0, 0
	c := &v.tape.cols[col]
	for row := v.first(window); row <= v.row; row++ {
		if c.usable(row) {
			sum += float64(c.values[row])
			n++
		}
	}
	if n == 0 || float64(n) < share*float64(window)/float64(v.st.Cycle) {
		return 0, false
	}
	return asJudged(float32(sum / float64(n))), true
}

// first is the first row of the window (at − window, at].
func (v *view) first(window int64) int {
	at := v.tape.at
	i, found := slices.BinarySearch(at[:v.row], at[v.row]-window)
	if found {
		i++
	}
	return i
}

// slotsPerWindow is how often a slow figure is judged while its window passes: the mean of a day every quarter of an hour. It moves
// too slowly for more to be worth the adding.
const slotsPerWindow = 96

// entersSlot reports whether the value is the first usable one of its parameter in a slot of time.
func (v *view) entersSlot(slot int64) bool {
	c, at := v.column(), v.tape.at
	begins := at[v.row] - at[v.row]%slot
	for row := v.row - 1; row >= 0 && at[row] >= begins; row-- {
		if c.usable(row) {
			return false
		}
	}
	return true
}

// rateOver is by how much the value has changed in the window, per hour, up or down. The window must be half full.
func rateOver(window int64) signal {
	return func(v *view) (float64, bool) {
		c := v.column()
		if !c.usable(v.row) {
			return 0, false
		}
		for row := v.first(window); row < v.row; row++ {
			if !c.usable(row) {
				continue
			}
			passed := v.at() - v.tape.at[row]
			if passed < window/2 {
				return 0, false
			}
			return asJudged(float32(math.Abs(c.value(v.row)-c.value(row)) / float64(passed) * hourNS)), true
		}
		return 0, false
	}
}

const hourNS = 3600e9

// equalRun is the number of equal usable values in a row that ends at the instant, as a share of those that are too many. While
// nothing is discharged there is nothing to doubt: an analyser that waits for water may stand still.
func equalRun(records int) signal {
	return func(v *view) (float64, bool) {
		c := v.column()
		if !c.usable(v.row) {
			return 0, false
		}
		if v.dry() {
			return 0, true
		}
		run := 1
		for row := v.row - 1; row >= 0 && run < records; row-- {
			if c.cells[row]&cellPresent == 0 {
				continue
			}
			if !c.usable(row) || c.values[row] != c.values[v.row] {
				break
			}
			run++
		}
		return float64(run) / float64(records), true
	}
}

// dry reports whether the newest known outflow, not older than three cycles, is 0.
func (v *view) dry() bool {
	x, ok := v.latest(v.tape.find(flowOut))
	return ok && x == 0
}

// latest is the newest usable value of a column that is not older than three cycles.
func (v *view) latest(col int) (float64, bool) {
	if col < 0 {
		return 0, false
	}
	c := &v.tape.cols[col]
	for row := v.row; row >= 0 && v.at()-v.tape.at[row] <= gapCycles*int64(v.st.Cycle); row-- {
		if c.usable(row) {
			return c.value(row), true
		}
	}
	return 0, false
}

// loadOver is the mass of the parameter that left the station, in kg a day: the mean over the window of flow (m³/h) times
// concentration (mg/L), of the instants at which both are known. It needs the share of instants that the cycle promises.
func loadOver(window int64, share float64) signal {
	const kgPerDay = 24.0 / 1000 // m³/h × mg/L = g/h
	return func(v *view) (float64, bool) {
		flow := v.tape.find(flowOut)
		if flow < 0 || !v.column().usable(v.row) || !v.entersSlot(window/slotsPerWindow) {
			return 0, false
		}
		sum, n := 0.0, 0
		q, c := &v.tape.cols[flow], v.column()
		for row := v.first(window); row <= v.row; row++ {
			if q.usable(row) && c.usable(row) {
				sum += float64(q.values[row]) * float64(c.values[row])
				n++
			}
		}
		if n == 0 || float64(n) < share*float64(window)/float64(v.st.Cycle) {
			return 0, false
		}
		return asJudged(float32(sum / float64(n) * kgPerDay)), true
	}
}
