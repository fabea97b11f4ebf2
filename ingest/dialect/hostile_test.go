package dialect

import (
	"runtime"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"quantrac/ingest"
)

// The largest body that a stranger can send costs a bounded amount of memory, whatever is in it.
func TestHostileBodies(t *testing.T) {
	const most = 160 << 20 // bytes allocated in all, most of it garbage at once
	fill := func(s string) string { return strings.Repeat(s, ingest.MaxBody/len(s)) }
	metric := string(protowire.AppendBytes(protowire.AppendTag(nil, spPayloadMetrics, protowire.BytesType), appendVarint(nil, spMetricAlias, 5)))
	cases := map[string]ingest.Delivery{
		"lines without a time":         {Body: []byte("20260901080500 COD 1\n" + fill("x\n"))},
		"records on one line":          {Body: []byte(fill("COD 1 20260901080500 "))},
		"tabs":                         {Body: []byte("20260901080500" + fill("\t"))},
		"marks of frames":              {Body: []byte("##0000" + fill("#"))},
		"frames":                       {Body: []byte(fill("##0000FFFF"))},
		"passwords":                    {Body: []byte("##0000" + fill("PW="))},
		"empty objects":                {Body: []byte("[" + strings.TrimSuffix(fill("{},"), ",") + "]")},
		"messages":                     {Body: []byte("[" + strings.TrimSuffix(fill(`{"values":{"a":1}},`), ",") + "]")},
		"numbers":                      {Body: []byte("[" + strings.TrimSuffix(fill("1,"), ",") + "]")},
		"members":                      {Body: []byte(`{"values":{` + strings.TrimSuffix(fill(`"a":1,`), ",") + "}}")},
		"open arrays":                  {Body: []byte(fill("["))},
		"fields":                       {Body: []byte("d " + strings.TrimSuffix(fill("a=x,"), ",") + " 1788224700")},
		"tags":                         {Body: []byte("d" + fill(",a=b") + " c=1")},
		"lines":                        {Body: []byte("d a=1\n" + fill("d\n"))},
		"aliases":                      {Topic: "spBv1.0/g/NDATA/n", Body: []byte(strings.Repeat(metric, ingest.MaxItems))},
		"empty metrics":                {Topic: "spBv1.0/g/NDATA/n", Body: []byte(fill("\x12\x00"))},
		"properties":                   {Topic: "spBv1.0/g/NDATA/n", Body: protowire.AppendBytes([]byte{0x12}, protowire.AppendBytes([]byte{0x4a}, []byte(fill("\x0a\x00"))))},
		"SenML in CBOR, empty records": {Body: []byte("\x9f" + fill("\xa0") + "\xff")},
		"SenML in CBOR, arrays":        {Body: []byte("\x81\xa1\x02\x9f" + fill("\x80") + "\xff")},
		"SenML in CBOR, a huge number": {Body: []byte("\x81\xa1\x02\xc2\x5a\x00\x0f\xff\xf0" + strings.Repeat("\xff", 0x0ffff0))},
		"SenML":                        {Body: []byte(`[{"n":"a","v":1},` + strings.TrimSuffix(fill("{},"), ",") + "]")},
		"a list in a Struct": {
			Topic: "application/a/device/b/event/up",
			Body:  append([]byte("\x1a\x00"), protowire.AppendBytes([]byte{0x5a}, protowire.AppendBytes([]byte{0x0a}, protowire.AppendBytes([]byte{0x12}, protowire.AppendBytes([]byte{0x32}, []byte(fill("\x0a\x00"))))))...),
		},
	}
	for name, d := range cases {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			out, err := Decode(&d)
			runtime.ReadMemStats(&after)
			if spent := after.TotalAlloc - before.TotalAlloc; spent > most {
				t.Errorf("%d MiB allocated", spent>>20)
			}
			if len(out.Items) > ingest.MaxItems || len(out.Rejects) > ingest.MaxItems+1 {
				t.Errorf("%d items, %d rejects", len(out.Items), len(out.Rejects))
			}
			checkInvariants(t, d.Body, out, err)
		})
	}
}
