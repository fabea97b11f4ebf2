package dialect

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"quantrac/ingest"
)

// addGolden makes the golden cases of some dialects the seeds of a fuzz target.
func addGolden(f *testing.F, dialects ...string) {
	for name, body := range goldenInputs(f) {
		for _, dialect := range dialects {
			if strings.HasPrefix(name, dialect+"/") {
				f.Add(body)
			}
		}
	}
}

// decodeAs decodes with the dialect set, and checks what holds for every input.
func decodeAs(t *testing.T, dialect string, body []byte) ingest.Decoded {
	t.Helper()
	before := bytes.Clone(body)
	out, err := Decode(&ingest.Delivery{Body: body, Dialect: dialect, ReceivedAt: time.Unix(1788224705, 0)})
	if !bytes.Equal(before, body) {
		t.Fatal("the body was changed")
	}
	checkInvariants(t, body, out, err)
	return out
}

// FuzzNative holds what the package promises for every input, and the grammar equal to that of encoding/json.
func FuzzNative(f *testing.F) {
	addGolden(f, "native", "flat")
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
		case len(it.Text) > 100, !math.IsNaN(it.Value) && it.Text != "" && !strings.ContainsAny(it.Text, ".,"):
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

// FuzzDecode holds the invariants for every dialect, with and without a topic. Its seeds are the golden cases.
func FuzzDecode(f *testing.F) {
	for _, body := range goldenInputs(f) {
		f.Add(body, "a/read/m@COD/aiValueScaled")
	}
	f.Fuzz(func(t *testing.T, body []byte, topic string) {
		out, err := Decode(&ingest.Delivery{Body: body, Topic: topic, ReceivedAt: time.Unix(1788224705, 0)})
		checkInvariants(t, body, out, err)
	})
}

// FuzzPlainNative holds the reader of plain native messages equal to the reader of all.
func FuzzPlainNative(f *testing.F) {
	addGolden(f, "native")
	f.Add([]byte(`{"station":" a ","status":"01","sequence":7,"measured_at":1788224700,"values":{"ph":7,"cod":{"value":-1.5e2,"unit":"mg/L","status":"x"}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		d := &ingest.Delivery{Body: body}
		out, ok := plainNative(d)
		if !ok {
			return
		}
		doc := document{delivery: d}
		doc.json, doc.jsonErr = parseJSON(body)
		if dia := doc.dialect(); dia == nil || dia.name != "native" {
			t.Fatalf("%q is not native: %v", body, doc.jsonErr)
		}
		want := decodeNative(&doc)
		want.Dialect = out.Dialect
		if len(want.Rejects) > 0 || !reflect.DeepEqual(out.Items, want.Items) || !reflect.DeepEqual(out.Marks, want.Marks) {
			t.Fatalf("%q:\n%swant\n%s", body, render(out, nil), render(want, nil))
		}
	})
}

func FuzzSenMLCBOR(f *testing.F) {
	addGolden(f, "senml_cbor")
	f.Fuzz(func(t *testing.T, body []byte) { decodeAs(t, "senml_cbor", body) })
}

func FuzzSenML(f *testing.F) {
	addGolden(f, "senml")
	f.Fuzz(func(t *testing.T, body []byte) { decodeAs(t, "senml", body) })
}

func FuzzChirpStack(f *testing.F) {
	addGolden(f, "chirpstack_protobuf")
	f.Fuzz(func(t *testing.T, body []byte) { decodeAs(t, "chirpstack_protobuf", body) })
}

func FuzzLineProtocol(f *testing.F) {
	addGolden(f, "line_protocol")
	f.Fuzz(func(t *testing.T, body []byte) { decodeAs(t, "line_protocol", body) })
}

// FuzzCircular also holds that a 0 stands where a 0 was read.
func FuzzCircular(f *testing.F) {
	addGolden(f, "circular10")
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, it := range decodeAs(t, "circular10", body).Items {
			if it.Value == 0 && !hasZero(string(body)) {
				t.Fatalf("%q became 0", it.Name)
			}
		}
	})
}

func hasZero(s string) bool {
	for field := range strings.FieldsFuncSeq(s, func(r rune) bool { return strings.ContainsRune("\t\n\r\x00 \v\f\u0085\u00a0", r) || r > 0x1000 }) {
		if f, ok := numberOf(field); ok && f == 0 {
			return true
		}
	}
	return false
}

// FuzzHJ212 also holds that no error text has the password.
func FuzzHJ212(f *testing.F) {
	addGolden(f, "hj212")
	f.Fuzz(func(t *testing.T, body []byte) {
		const secret = "PW=hunter2"
		body = bytes.ReplaceAll(body, []byte("hunter2"), nil)
		body = bytes.ReplaceAll(body, []byte("PW="), []byte(secret))
		if i := bytes.IndexByte(body, ';'); i >= 0 {
			body = bytes.Join([][]byte{body[:i], []byte(secret), body[i:]}, []byte(";"))
		}
		for _, dialect := range []string{"", "hj212"} {
			out, err := Decode(&ingest.Delivery{Body: body, Dialect: dialect})
			checkInvariants(t, body, out, err)
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Fatal(err)
			}
			for _, r := range out.Rejects {
				if strings.Contains(r.Detail, "hunter2") {
					t.Fatal(r.Detail)
				}
			}
		}
	})
}
