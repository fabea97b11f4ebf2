package ingest

import (
	"fmt"
	"testing"
	"time"
)

// message is what a station of eight parameters sends, as the native dialect reads it.
func message(at time.Time, step int) Decoded {
	d := Decoded{Dialect: "native", Items: make([]Item, 0, 8), Marks: []Mark{{Sequence: uint64(step), MeasuredAt: at}}}
	for i, name := range []string{"ph", "temp", "flow_in", "flow_out", "cod", "tss", "nh4_n", "tn"} {
		d.Items = append(d.Items, Item{Name: name, Value: float64(i) + float64(step%7)/8, MeasuredAt: at})
	}
	return d
}

// BenchmarkCheck judges one message of eight values: alone, with the watch, and with a thousand mappings beside.
func BenchmarkCheck(b *testing.B) {
	plain := Facts{Registry: registry(b), Catalogue: BuiltinCatalogue()}
	watched := plain
	watched.Watch = NewWatch(plain.Catalogue)
	mapped := watched
	var list []Mapping
	for i := range 1000 {
		list = append(list,
			Mapping{Kind: MapParameter, Name: fmt.Sprint("AI", i), Target: "cod", Station: "a-01"},
			Mapping{Kind: MapStation, Name: fmt.Sprint("PLC", i), Target: "a-01"},
			Mapping{Kind: MapTopic, Name: fmt.Sprint("plant/", i, "/+"), Target: "a-01"})
	}
	mapped.Mappings, _ = NewMappings(list)
	for name, facts := range map[string]Facts{"plain": plain, "watch": watched, "watch+mappings": mapped} {
		b.Run(name, func(b *testing.B) {
			decoded := make([]Decoded, 64)
			for i := range decoded {
				decoded[i] = message(noon, i)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				d := &decoded[i%len(decoded)]
				at := noon.Add(time.Duration(i) * time.Minute)
				for j := range d.Items {
					d.Items[j].MeasuredAt = at
				}
				in := &Intake{Delivery: Delivery{Topic: topicA, ReceivedAt: at}}
				Check(facts, d, in)
				if len(in.Readings) != 8 {
					b.Fatal(in.Rejects)
				}
			}
		})
	}
}
