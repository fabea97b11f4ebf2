package alerts

import (
	"math"
	"slices"
	"strconv"

	"quantrac/ingest"
)

// tape is what a station measured lately: one column for each parameter over common instants, oldest first. It takes 8 bytes for
// an instant and 5 for each value: with the 24 h that the longest mean looks back, about 2 KiB for one of eight parameters.
type tape struct {
	at   []int64
	cols []column
	// next is where the next reading probably belongs: those of a message come in the same order each time.
	next int
	// room is for how many instants space is made at once: what grows by itself wastes half of it.
	room int
}

type column struct {
	parameter string
	values    []float32
	cells     []cell
}

// cell says what is known of one value.
type cell uint8

const (
	cellPresent cell = 1 << iota
	cellUsable
	cellNumber
	// cellStatus begins the two bits that hold the device status, in the order of statuses.
	cellStatus
	statusMask = 3 * cellStatus
)

var statuses = [...]ingest.Status{ingest.Measuring, ingest.Calibrating, ingest.Fault, ingest.Other}

func cellOf(r *ingest.Reading) cell {
	c := cellPresent
	if r.HasNumber() {
		c |= cellNumber
	}
	if r.Usable && r.HasNumber() {
		c |= cellUsable
	}
	for i, s := range statuses {
		if r.Status == s {
			c |= cell(i) * cellStatus
		}
	}
	return c
}

func (c cell) status() ingest.Status { return statuses[(c&statusMask)/cellStatus] }

// column finds or begins the column of a parameter. A station has few, so a walk beats a map.
func (t *tape) column(parameter string) int {
	if i := t.find(parameter); i >= 0 {
		return i
	}
	n, room := len(t.at), max(len(t.at), t.room)
	t.cols = append(t.cols, column{parameter: parameter, values: make([]float32, n, room), cells: make([]cell, n, room)})
	return len(t.cols) - 1
}

// find is the column of a parameter, or -1.
func (t *tape) find(parameter string) int {
	if t.next < len(t.cols) && t.cols[t.next].parameter == parameter {
		return t.next
	}
	return slices.IndexFunc(t.cols, func(c column) bool { return c.parameter == parameter })
}

// put writes a reading where it belongs and says in which row; false when its parameter has a value there, which stays.
func (t *tape) put(col int, r *ingest.Reading) (row int, isNew bool) {
	row = t.place(r.MeasuredAt.UnixNano())
	if t.next = col + 1; t.next == len(t.cols) {
		t.next = 0
	}
	c := &t.cols[col]
	if c.cells[row]&cellPresent != 0 {
		return row, false
	}
	c.cells[row] = cellOf(r)
	if c.cells[row]&cellNumber != 0 {
		c.values[row] = float32(r.Value)
	}
	return row, true
}

// place finds the row of an instant and makes one where there is none.
func (t *tape) place(at int64) int {
	n := len(t.at)
	if n == 0 || at > t.at[n-1] {
		t.add(at)
		return n
	}
	if at == t.at[n-1] {
		return n - 1
	}
	row, found := slices.BinarySearch(t.at, at)
	if !found {
		t.insert(row, at)
	}
	return row
}

// isNewest reports whether a column has nothing behind a row.
func (t *tape) isNewest(col, row int) bool {
	cells := t.cols[col].cells
	for i := row + 1; i < len(cells); i++ {
		if cells[i]&cellPresent != 0 {
			return false
		}
	}
	return true
}

// add makes a row at the end.
func (t *tape) add(at int64) {
	if t.at == nil {
		t.at = make([]int64, 0, t.room)
	}
	t.at = append(t.at, at)
	for k := range t.cols {
		c := &t.cols[k]
		c.values, c.cells = append(c.values, 0), append(c.cells, 0)
	}
}

func (t *tape) insert(i int, at int64) {
	t.at = slices.Insert(t.at, i, at)
	for k := range t.cols {
		c := &t.cols[k]
		c.values, c.cells = slices.Insert(c.values, i, 0), slices.Insert(c.cells, i, 0)
	}
}

// trim forgets the oldest n instants.
func (t *tape) trim(n int) {
	t.at = slices.Delete(t.at, 0, n)
	for k := range t.cols {
		c := &t.cols[k]
		c.values, c.cells = slices.Delete(c.values, 0, n), slices.Delete(c.cells, 0, n)
	}
}

// after is the first row behind an instant.
func (t *tape) after(at int64) int {
	i, found := slices.BinarySearch(t.at, at)
	if found {
		i++
	}
	return i
}

func (t *tape) newest() int64 {
	if len(t.at) == 0 {
		return never
	}
	return t.at[len(t.at)-1]
}

// value is what is judged: the number at 7 significant digits, which is more than any instrument has. So a value judged when it
// came and the same value judged again from the tape are the same number.
func (c *column) value(i int) float64 { return asJudged(c.values[i]) }

func (c *column) usable(i int) bool { return c.cells[i]&cellUsable != 0 }

// asJudged is the decimal number that f stands for: 91.2 for the float32 next to it, not 91.19999695.
func asJudged(f float32) float64 {
	const places, most = 1e4, 1e3 // 7 digits: no other float32 is as near to such a number
	if x := float64(f); math.Abs(x) < most {
		if d := math.Round(x*places) / places; float32(d) == f {
			return d
		}
	}
	var buf [24]byte
	d, err := strconv.ParseFloat(string(strconv.AppendFloat(buf[:0], float64(f), 'g', -1, 32)), 64)
	if err != nil {
		return float64(f)
	}
	return d
}
