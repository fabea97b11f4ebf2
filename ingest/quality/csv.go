package quality

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"time"
)

// WriteCSV writes one line for the total, each park and each station: the six values, and the parts that they are made of. A value
// that there is not is empty.
func (r *Report) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	_ = out.Write([]string{ // the writer keeps its first error
		"level", "station", "park", "from", "to", "correct", "complete", "clean", "alive", "uniform", "shared", "readings", "right", "expected",
		"received_records", "covered", "missing", "late", "booked", "stored", "quarantined", "duplicate", "revised", "suspect", "alive_seconds",
		"known_seconds", "delay_p95_seconds", "records", "uniform_records",
	})
	line := func(level, station, park string, f *Figures) {
		_ = out.Write(append([]string{level, station, park, r.From.Format(time.RFC3339), r.To.Format(time.RFC3339)}, f.cells()...))
	}
	line("total", "", "", &r.Total)
	for i := range r.Parks {
		line("park", "", r.Parks[i].Park, &r.Parks[i].Figures)
	}
	for i := range r.Stations {
		line("station", r.Stations[i].Station, r.Stations[i].Park, &r.Stations[i].Figures)
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("write the figures: %w", err)
	}
	return nil
}

func (f *Figures) cells() []string {
	cells := make([]string, 0, 24)
	for _, v := range []*float64{f.Correct.Value, f.Complete.Value, f.Clean.Value, f.Alive.Value, f.Uniform.Value, f.Shared.Value} {
		text := ""
		if v != nil {
			text = strconv.FormatFloat(*v, 'f', 6, 64)
		}
		cells = append(cells, text)
	}
	count := func(counts ...int64) {
		for _, n := range counts {
			cells = append(cells, strconv.FormatInt(n, 10))
		}
	}
	complete, clean, alive := &f.Complete.Parts, &f.Clean.Parts, &f.Alive.Parts
	count(f.Correct.Parts.Readings, f.Correct.Parts.Right, complete.Expected, complete.Received, complete.Covered, complete.Missing, complete.Late)
	count(clean.Received, clean.Stored, clean.Quarantined, clean.Duplicate, clean.Revised, clean.Suspect, alive.AliveSeconds, alive.KnownSeconds)
	delay := ""
	if alive.DelayP95 != nil {
		delay = strconv.Itoa(int(*alive.DelayP95))
	}
	cells = append(cells, delay)
	count(f.Uniform.Parts.Records, f.Uniform.Parts.Uniform)
	return cells
}
