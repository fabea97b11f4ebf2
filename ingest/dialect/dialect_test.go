package dialect

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"quantrac/ingest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestGolden decodes every testdata/DIALECT/*.in, with the topic in .topic if there is one, and compares with the .golden file
// beside it.
func TestGolden(t *testing.T) {
	inputs, err := filepath.Glob("testdata/*/*.in")
	if err != nil || len(inputs) == 0 {
		t.Fatalf("no golden cases: %v", err)
	}
	for _, input := range inputs {
		t.Run(strings.TrimSuffix(filepath.Base(input), ".in"), func(t *testing.T) {
			body, err := os.ReadFile(input)
			if err != nil {
				t.Fatal(err)
			}
			topic, err := os.ReadFile(strings.TrimSuffix(input, ".in") + ".topic")
			if err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
			out, err := Decode(&ingest.Delivery{
				Body: bytes.TrimSuffix(body, []byte("\n")), Topic: strings.TrimSpace(string(topic)), ReceivedAt: time.Unix(1788224705, 0),
			})
			got := render(out, err)
			golden := strings.TrimSuffix(input, ".in") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got:\n%swant:\n%s", got, want)
			}
			if out.Dialect != "" && out.Dialect != filepath.Base(filepath.Dir(input)) {
				t.Errorf("dialect %q", out.Dialect)
			}
		})
	}
}

// render writes a decoded delivery in a form that is easy to read and to compare.
func render(out ingest.Decoded, err error) string {
	var b strings.Builder
	if err != nil {
		fmt.Fprintf(&b, "error %v\n", err)
	}
	for _, m := range out.Marks {
		fmt.Fprintf(&b, "mark station=%q sequence=%d at=%s\n", m.Station, m.Sequence, instant(m.MeasuredAt))
	}
	for _, it := range out.Items {
		fmt.Fprintf(&b, "item %d station=%q name=%q value=%v text=%q unit=%q status=%s at=%s flags=%s\n",
			it.Index, it.Station, it.Name, it.Value, it.Text, it.Unit, it.Status, instant(it.MeasuredAt), it.Flags)
	}
	for _, r := range out.Rejects {
		fmt.Fprintf(&b, "reject %d %s: %s\n", r.Index, r.Reason, r.Detail)
	}
	return b.String()
}

func instant(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func TestTooMany(t *testing.T) {
	messages := "[" + strings.TrimSuffix(strings.Repeat(`{"values":{"ph":7}},`, ingest.MaxItems+1), ",") + "]"
	out, err := Decode(&ingest.Delivery{Body: []byte(messages)})
	if err != nil || len(out.Items) != 0 || len(out.Rejects) != 1 || out.Rejects[0].Reason != ingest.ReasonTooManyItems {
		t.Errorf("messages: %d items, rejects %v, error %v", len(out.Items), out.Rejects, err)
	}
	if _, err := Decode(&ingest.Delivery{Body: []byte("[" + strings.Repeat("1,", maxNodes) + "1]")}); err == nil {
		t.Error("no error for a document of too many values")
	}
	deep := strings.Repeat("[", maxDepth+2) + strings.Repeat("]", maxDepth+2)
	if _, err := Decode(&ingest.Delivery{Body: []byte(deep)}); err == nil || !strings.Contains(err.Error(), "nested deeper") {
		t.Errorf("deep nesting: %v", err)
	}
}

func TestManyMembersLastWins(t *testing.T) {
	var b strings.Builder
	for i := range 500 {
		fmt.Fprintf(&b, `"p%d":%d,`, i%100, i)
	}
	out, err := Decode(&ingest.Delivery{Body: []byte(`{"values":{` + strings.TrimSuffix(b.String(), ",") + `}}`)})
	if err != nil || len(out.Items) != 100 {
		t.Fatalf("%d items, error %v", len(out.Items), err)
	}
	for i, it := range out.Items {
		if want := float64(400 + i); it.Value != want || it.Name != fmt.Sprintf("p%d", i) {
			t.Fatalf("item %d is %s = %v, want %v", i, it.Name, it.Value, want)
		}
	}
}

// FuzzNative holds what the package promises for every input, and the grammar equal to that of encoding/json.
func FuzzNative(f *testing.F) {
	inputs, err := filepath.Glob("testdata/native/*.in")
	if err != nil {
		f.Fatal(err)
	}
	for _, input := range inputs {
		body, err := os.ReadFile(input)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Add([]byte(`[{"values":{"a":-0.0e-0,"b":1E+400,"c":[[]],"é":"\u00e9\ud800"}},nan]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		before := bytes.Clone(body)
		out, err := Decode(&ingest.Delivery{Body: body})
		if !bytes.Equal(before, body) {
			t.Fatal("the body was changed")
		}
		checkInvariants(t, body, out, err)
		checkGrammar(t, body)
	})
}

func checkInvariants(t *testing.T, body []byte, out ingest.Decoded, err error) {
	if err != nil {
		if len(out.Items)+len(out.Rejects)+len(out.Marks) > 0 {
			t.Fatal("an error and a result")
		}
		return
	}
	if len(out.Items)+len(out.Rejects) == 0 {
		t.Fatal("neither an item nor a reason")
	}
	if n := len(out.Items) + len(out.Rejects) + len(out.Marks); n > len(body) {
		t.Fatalf("%d results of %d bytes", n, len(body))
	}
	for _, it := range out.Items {
		switch {
		case math.IsInf(it.Value, 0):
			t.Fatalf("%q is infinite", it.Name)
		case math.IsNaN(it.Value) != (it.Flags&(ingest.NotANumber|ingest.NaNLiteral) != 0):
			t.Fatalf("%q: value %v with flags %v", it.Name, it.Value, it.Flags)
		case math.IsNaN(it.Value) && len(it.Text) > 100, !math.IsNaN(it.Value) && it.Text != "":
			t.Fatalf("%q: value %v with text %q", it.Name, it.Value, it.Text)
		}
	}
}

func checkGrammar(t *testing.T, body []byte) {
	root, err := parseJSON(body)
	plain := bytes.TrimPrefix(bytes.TrimRight(body, "\x00"), []byte("\ufeff"))
	switch valid := json.Valid(plain); {
	case err == nil && !valid && !mentionsNaN(plain):
		t.Fatalf("%q is read and is no JSON", body)
	case err != nil && valid && !strings.Contains(err.Error(), "nested deeper") && !strings.Contains(err.Error(), "more than"):
		t.Fatalf("%q is JSON and is not read: %v", body, err)
	}
	if err == nil && len(root.text) > 0 && int(root.offset) > len(body) {
		t.Fatalf("offset %d of %d bytes", root.offset, len(body))
	}
}

// mentionsNaN looks for the words that we read and JSON does not; a later member of the same name may hide one in the tree.
func mentionsNaN(body []byte) bool {
	lower := bytes.ToLower(body)
	return bytes.Contains(lower, []byte("nan")) || bytes.Contains(lower, []byte("inf"))
}

func BenchmarkNative(b *testing.B) {
	d := &ingest.Delivery{Body: []byte(`{"measured_at":"2026-11-24T13:05:00+07:00","sequence":1234,"status":"measuring","values":` +
		`{"ph":7.12,"temp":29.8,"cod":42.1,"tss":31.0,"nh4_n":0.62,"flow_in":182.4,"flow_out":176.9,"color":{"value":31,"unit":"Pt-Co","status":"calibrating"}}}`)}
	b.SetBytes(int64(len(d.Body)))
	b.ReportAllocs()
	for b.Loop() {
		if out, err := Decode(d); err != nil || len(out.Items) != 8 {
			b.Fatal(err)
		}
	}
}

// FuzzDecode holds the invariants for every dialect, with and without a topic. Its seeds are the golden cases.
func FuzzDecode(f *testing.F) {
	inputs, err := filepath.Glob("testdata/*/*.in")
	if err != nil {
		f.Fatal(err)
	}
	for _, input := range inputs {
		body, err := os.ReadFile(input)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body, "a/read/m@COD/aiValueScaled")
	}
	f.Fuzz(func(t *testing.T, body []byte, topic string) {
		out, err := Decode(&ingest.Delivery{Body: body, Topic: topic, ReceivedAt: time.Unix(1788224705, 0)})
		checkInvariants(t, body, out, err)
	})
}

// The vectors of the standard, and the one that tells this CRC from that of Modbus.
func TestHJ212CRC(t *testing.T) {
	for text, want := range map[string]uint16{
		"QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;CP=&&RtdInterval=30&&": 0x1C80,
		"123456789": 0x2F80,
	} {
		if got := hj212CRC(text); got != want {
			t.Errorf("%q: %04X, want %04X", text, got, want)
		}
	}
}
