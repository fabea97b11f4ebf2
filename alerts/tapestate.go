package alerts

import (
	"encoding/binary"
	"errors"
	"math"
)

// tapeSnapshot is a tape as it is written down: instants as varints of their distances, values as float32, all in base64.
type tapeSnapshot struct {
	At      []byte           `json:"at"`
	Columns []columnSnapshot `json:"cols"`
}

type columnSnapshot struct {
	Parameter string `json:"p"`
	Values    []byte `json:"v"`
	Cells     []byte `json:"c"`
}

func (t *tape) snapshot() *tapeSnapshot {
	out := &tapeSnapshot{}
	before := int64(0)
	for _, at := range t.at {
		out.At = binary.AppendVarint(out.At, at-before)
		before = at
	}
	for i := range t.cols {
		c := &t.cols[i]
		col := columnSnapshot{Parameter: c.parameter, Values: make([]byte, 0, len(c.values)*float32Size), Cells: make([]byte, len(c.cells))}
		for k, v := range c.values {
			col.Values = binary.LittleEndian.AppendUint32(col.Values, math.Float32bits(v))
			col.Cells[k] = byte(c.cells[k])
		}
		out.Columns = append(out.Columns, col)
	}
	return out
}

const float32Size = 4

// restore fills a tape that has the columns already.
func (t *tape) restore(snap *tapeSnapshot) error {
	before := int64(0)
	t.at = make([]int64, 0, t.room)
	for rest := snap.At; len(rest) > 0; {
		d, n := binary.Varint(rest)
		if n <= 0 || d <= 0 && len(t.at) > 0 || len(t.at) > 2*most {
			return errors.New("the instants of the tape cannot be read")
		}
		rest, before = rest[n:], before+d
		t.at = append(t.at, before)
	}
	for i := range snap.Columns {
		col, c := &snap.Columns[i], &t.cols[i]
		if len(col.Cells) != len(t.at) || len(col.Values) != len(t.at)*float32Size {
			return errors.New("the values of the tape do not fit its instants")
		}
		n, room := len(t.at), max(len(t.at), t.room)
		c.values, c.cells = make([]float32, n, room), make([]cell, n, room)
		for k := range c.values {
			c.values[k] = math.Float32frombits(binary.LittleEndian.Uint32(col.Values[k*float32Size:]))
			c.cells[k] = cell(col.Cells[k])
			if x := float64(c.values[k]); c.usable(k) && (math.IsNaN(x) || math.IsInf(x, 0)) {
				return errors.New("a usable value of the tape is no number")
			}
		}
	}
	return nil
}
