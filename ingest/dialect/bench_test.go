package dialect

import (
	"context"
	"testing"
	"time"

	"quantrac/ingest"
)

const eightValues = `{"measured_at":"2026-11-24T13:05:00+07:00","sequence":1234,"status":"measuring","values":` +
	`{"ph":7.12,"temp":29.8,"cod":42.1,"tss":31.0,"nh4_n":0.62,"flow_in":182.4,"flow_out":176.9,"color":{"value":31,"unit":"Pt-Co","status":"calibrating"}}}`

func benchmark(b *testing.B, d *ingest.Delivery, items int) {
	decoder := New(Options{})
	b.SetBytes(int64(len(d.Body)))
	b.ReportAllocs()
	for b.Loop() {
		if out, err := decoder.Decode(d); err != nil || len(out.Items) != items {
			b.Fatal(len(out.Items), err)
		}
	}
}

func BenchmarkNative(b *testing.B) { benchmark(b, &ingest.Delivery{Body: []byte(eightValues)}, 8) }

// BenchmarkNativeTree is the same message with a member that the format does not name, which takes the general reader.
func BenchmarkNativeTree(b *testing.B) {
	benchmark(b, &ingest.Delivery{Body: []byte(`{"firmware":7,` + eightValues[1:])}, 8)
}

func BenchmarkFlat(b *testing.B) {
	benchmark(b, &ingest.Delivery{Body: []byte(`{"pH":"7.01","bod":"18","cod":"31.6","tss":"14.2","nh4":"0.62","temp":"29.8"}`)}, 6)
}

func BenchmarkCircular(b *testing.B) {
	benchmark(b, &ingest.Delivery{Topic: "DN_AMAT_NUOC01_20260901080500.txt", Body: goldenInputs(b)["circular10/standard"]}, 7)
}

func BenchmarkLineProtocol(b *testing.B) {
	benchmark(b, &ingest.Delivery{Body: goldenInputs(b)["line_protocol/payloads"]}, 2)
}

func BenchmarkHJ212(b *testing.B) {
	benchmark(b, &ingest.Delivery{Body: goldenInputs(b)["hj212/vector_minutes"]}, 2)
}

// BenchmarkSparkplug is a DDATA of eight values by alias.
func BenchmarkSparkplug(b *testing.B) {
	w := newWorld()
	n := newNode(b, w)
	metrics, data := make([][]byte, 8), make([][]byte, 8)
	for i := range metrics {
		metrics[i] = named(string(rune('a'+i)), uint64(i), spFloatType, 1)
		data[i] = aliased(uint64(i), 7.12)
	}
	n.send("NBIRTH/edge1", bdSeq(1))
	n.send("DBIRTH/edge1/d1", metrics...)
	var d ingest.Delivery
	n.catch(&d, "DDATA/edge1/d1", data...)
	d.ReceivedAt = bornAt.Add(time.Second)
	b.ReportAllocs()
	for b.Loop() {
		if out, err := n.decoder.Decode(&d); err != nil || len(out.Items) != 8 {
			b.Fatal(got(out), err)
		}
	}
}

// BenchmarkLoad is the start with the births of 200 edge nodes of 50 metrics.
func BenchmarkLoad(b *testing.B) {
	w := newWorld()
	n := newNode(b, w)
	metrics := make([][]byte, 50)
	for i := range metrics {
		metrics[i] = named("Outlet/parameter "+string(rune('a'+i)), uint64(i), spFloatType, 1)
	}
	for i := range 200 {
		n.send("NBIRTH/edge"+string(rune('a'+i)), metrics...)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Load(context.Background(), w.options()); err != nil {
			b.Fatal(err)
		}
	}
}
