package dialect

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"quantrac/ingest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestGolden decodes every testdata/DIALECT/*.in, with the topic in .topic if there is one, and compares with the .golden file
// beside it.
func TestGolden(t *testing.T) {
	for name, body := range goldenInputs(t) {
		t.Run(name, func(t *testing.T) {
			base := filepath.Join("testdata", name)
			topic, err := os.ReadFile(base + ".topic")
			if err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
			out, err := Decode(&ingest.Delivery{Body: body, Topic: strings.TrimSpace(string(topic)), ReceivedAt: time.Unix(1788224705, 0)})
			got := render(out, err)
			golden := base + ".golden"
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
			if out.Dialect != "" && out.Dialect != filepath.Dir(name) {
				t.Errorf("dialect %q", out.Dialect)
			}
		})
	}
}

// goldenInputs reads the inputs of all cases, by DIALECT/case: .in files as they are without their last line end, .hex files in
// hexadecimal with comments behind #.
func goldenInputs(t testing.TB) map[string][]byte {
	inputs := map[string][]byte{}
	for _, ext := range []string{".in", ".hex"} {
		paths, err := filepath.Glob("testdata/*/*" + ext)
		if err != nil || len(paths) == 0 {
			t.Fatalf("no golden cases: %v", err)
		}
		for _, path := range paths {
			body, err := os.ReadFile(path)
			if err == nil && ext == ".hex" {
				body, err = unhex(string(body))
			}
			if err != nil {
				t.Fatal(path, err)
			}
			name := filepath.Join(filepath.Base(filepath.Dir(path)), strings.TrimSuffix(filepath.Base(path), ext))
			inputs[name] = bytes.TrimSuffix(body, []byte("\n"))
		}
	}
	return inputs
}

func unhex(s string) ([]byte, error) {
	var digits strings.Builder
	for line := range strings.Lines(s) {
		line, _, _ = strings.Cut(line, "#")
		digits.WriteString(strings.Join(strings.Fields(line), ""))
	}
	return hex.DecodeString(digits.String())
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

// A mapping may set the dialect: no other is tried then, by its own name or by that of its family.
func TestDialectThatIsSet(t *testing.T) {
	for _, c := range []struct{ set, body, dialect, err string }{
		{"native", `{"values":{"ph":7}}`, "native", ""},
		{"thingsboard", `{"pH":7.1}`, "flat", ""},
		{"lora", `{"devEUI":"1","object":{"pH":7}}`, "lora", ""},
		{"circular10", "COD 1", "circular10", ""},
		{"hj212", `{"values":{"ph":7}}`, "", `the payload is not of the dialect "hj212", which is set for it`},
		{"senml", "pH 7", "", `the payload is not of the dialect "senml", which is set for it: byte 0: expected a JSON value, found 'p'`},
	} {
		out, err := Decode(&ingest.Delivery{Body: []byte(c.body), Dialect: c.set})
		if out.Dialect != c.dialect || fmt.Sprint(err) != c.err && (err != nil || c.err != "") {
			t.Errorf("%s set for %s: dialect %q, error %v", c.set, c.body, out.Dialect, err)
		}
	}
}

func TestNames(t *testing.T) {
	names := Names()
	for _, want := range []string{"native", "sparkplug", "advantech", "thingsboard", "hj212"} {
		if !slices.Contains(names, want) {
			t.Errorf("%q is not among %q", want, names)
		}
	}
	if slices.Sort(names); len(slices.Compact(names)) != len(names) {
		t.Errorf("twice: %q", names)
	}
}

// Every dialect has its golden cases, and every golden case its dialect.
func TestEveryDialectHasGoldenCases(t *testing.T) {
	seen := map[string]bool{}
	for name := range goldenInputs(t) {
		seen[filepath.Dir(name)] = true
	}
	for _, dia := range dialects {
		if !seen[dia.name] {
			t.Errorf("%s has none", dia.name)
		}
		delete(seen, dia.name)
	}
	for name := range seen {
		t.Errorf("testdata/%s is of no dialect", name)
	}
}

// The vectors of the standard, and the one that tells this CRC from that of Modbus.
func TestHJ212CRC(t *testing.T) {
	for text, want := range map[string]uint16{
		"QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;CP=&&RtdInterval=30&&": 0x1C80,
		"123456789": 0x2F80,
	} {
		if got := HJ212Checksum([]byte(text)); got != want {
			t.Errorf("%q: %04X, want %04X", text, got, want)
		}
	}
}
