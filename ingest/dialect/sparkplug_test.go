package dialect

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"quantrac/ingest"
)

var bornAt = time.Date(2026, 9, 1, 1, 5, 0, 0, time.UTC)

// node is an edge node in a test: it numbers its messages and keeps what it is asked.
type node struct {
	t       testing.TB
	decoder *Decoder
	gateway string
	group   string
	now     time.Time
	seq     uint64
}

// world is what a decoder keeps and asks.
type world struct {
	mu       sync.Mutex
	kept     map[string][]byte
	failing  error
	rebirths []string
	payloads [][]byte
	reported []error
}

func (w *world) options() Options {
	return Options{
		Put: func(_ context.Context, key string, value []byte) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			if w.failing != nil {
				return w.failing
			}
			if len(value) == 0 {
				delete(w.kept, key)
				return nil
			}
			w.kept[key] = value
			return nil
		},
		All: func(_ context.Context, visit func(string, []byte) error) error {
			for key, value := range maps.Clone(w.kept) {
				if err := visit(key, value); err != nil {
					return err
				}
			}
			return nil
		},
		Rebirth: func(topic string, payload []byte) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.rebirths, w.payloads = append(w.rebirths, topic), append(w.payloads, payload)
		},
		Report: func(err error) { w.reported = append(w.reported, err) },
	}
}

func newWorld() *world { return &world{kept: map[string][]byte{}} }

func newNode(t testing.TB, w *world) *node {
	return &node{t: t, decoder: New(w.options()), gateway: "gw1", group: "AMATA", now: bornAt}
}

// send sends a message on spBv1.0/GROUP/rest with the next sequence number.
func (n *node) send(rest string, metrics ...[]byte) ingest.Decoded {
	n.t.Helper()
	var d ingest.Delivery
	n.catch(&d, rest, metrics...)
	return n.decode(d)
}

// catch makes the message and does not send it.
func (n *node) catch(d *ingest.Delivery, rest string, metrics ...[]byte) {
	b := appendVarint(nil, spPayloadTimestamp, uint64(n.now.UnixMilli()))
	for _, m := range metrics {
		b = protowire.AppendBytes(protowire.AppendTag(b, spPayloadMetrics, protowire.BytesType), m)
	}
	if !strings.HasPrefix(rest, "NDEATH") {
		b = appendVarint(b, spPayloadSeq, n.seq%sequenceNumbers)
		n.seq++
	}
	*d = ingest.Delivery{Door: "mqtt", Gateway: n.gateway, Topic: "spBv1.0/" + n.group + "/" + rest, Body: b, ReceivedAt: n.now}
}

func (n *node) decode(d ingest.Delivery) ingest.Decoded {
	n.t.Helper()
	out, err := n.decoder.Decode(&d)
	if err != nil {
		n.t.Fatal(err)
	}
	return out
}

func (n *node) born() {
	n.seq = 0
	n.send("NBIRTH/edge1", bdSeq(3), named("COD", 1, spFloatType, 31.6))
	n.send("DBIRTH/edge1/d1", named("pH", 1, spFloatType, 7.4), named("TSS", 2, spFloatType, 14))
}

const spFloatType = 9

func bdSeq(n uint64) []byte {
	m := appendText(nil, spMetricName, "bdSeq")
	m = appendVarint(m, spMetricDatatype, spUInt64)
	return appendVarint(m, spMetricLong, n)
}

func named(name string, alias, datatype uint64, v float32) []byte {
	m := appendVarint(appendText(nil, spMetricName, name), spMetricAlias, alias)
	return float(appendVarint(m, spMetricDatatype, datatype), v)
}

func aliased(alias uint64, v float32) []byte {
	return float(appendVarint(nil, spMetricAlias, alias), v)
}

func float(m []byte, v float32) []byte {
	return protowire.AppendFixed32(protowire.AppendTag(m, spMetricFloat, protowire.Fixed32Type), math.Float32bits(v))
}

// got renders items as station/name=value and rejects by their reason.
func got(out ingest.Decoded) string {
	var parts []string
	for _, it := range out.Items {
		parts = append(parts, fmt.Sprintf("%s/%s=%v", it.Station, it.Name, it.Value))
	}
	for _, r := range out.Rejects {
		parts = append(parts, r.Reason)
	}
	return strings.Join(parts, " ")
}

func expect(t *testing.T, out ingest.Decoded, want string) {
	t.Helper()
	if g := got(out); g != want {
		t.Errorf("got %s, want %s", g, want)
	}
}

func TestSparkplugDataGoesByAlias(t *testing.T) {
	w := newWorld()
	n := newNode(t, w)
	n.born()
	expect(t, n.send("NDATA/edge1", aliased(1, 30)), "edge1/COD=30")
	expect(t, n.send("DDATA/edge1/d1", aliased(2, 13), aliased(1, 7.5)), "d1/TSS=13 d1/pH=7.5")
	if len(w.rebirths) != 0 {
		t.Errorf("rebirths %q", w.rebirths)
	}
	n.seq = 255
	n.decoder.births.edges[edgeName{"mqtt/gw1", "AMATA", "edge1"}].sequence = 254
	n.send("NDATA/edge1", aliased(1, 30))
	n.send("NDATA/edge1", aliased(1, 30)) // 0 after 255
	if len(w.rebirths) != 0 {
		t.Errorf("a number that wraps is no gap: %q", w.rebirths)
	}
}

// An integer in a DATA message has no datatype: its birth says whether it has a sign.
func TestSparkplugDatatypeOfTheBirth(t *testing.T) {
	n := newNode(t, newWorld())
	n.send("NBIRTH/edge1", named("a", 1, spInt16, 0), named("b", 2, spUInt64-1, 0), named("c", 3, spBoolean, 0))
	integer := func(alias, v uint64) []byte {
		return appendVarint(appendVarint(nil, spMetricAlias, alias), spMetricInt, v)
	}
	expect(t, n.send("NDATA/edge1", integer(1, 0xFFFE), integer(1, 0xFFFFFFFE), integer(2, 0xFFFFFFFE), integer(3, 1)), "edge1/a=-2 edge1/a=-2 edge1/b=4.294967294e+09")
}

func TestSparkplugGapAsksForRebirthOnceAMinute(t *testing.T) {
	w := newWorld()
	n := newNode(t, w)
	n.born()
	n.seq++
	expect(t, n.send("NDATA/edge1", aliased(1, 30)), "edge1/COD=30")
	n.seq++
	n.now = n.now.Add(59 * time.Second)
	n.send("NDATA/edge1", aliased(1, 30))
	if len(w.rebirths) != 1 || w.rebirths[0] != "spBv1.0/AMATA/NCMD/edge1" {
		t.Fatalf("rebirths %q", w.rebirths)
	}
	n.seq++
	n.now = n.now.Add(time.Second)
	n.send("NDATA/edge1", aliased(1, 30))
	if len(w.rebirths) != 2 {
		t.Fatalf("rebirths %q", w.rebirths)
	}
	p, err := readSpPayload(w.payloads[0])
	if err != nil || p.len() != 1 || p.timestamp != uint64(bornAt.UnixMilli()) {
		t.Fatalf("payload %+v, error %v", p, err)
	}
	m, err := p.metric(0)
	if err != nil || m.name != "Node Control/Rebirth" || m.datatype != spBoolean || m.field != spMetricBoolean || m.bits != 1 {
		t.Errorf("metric %+v, error %v", m, err)
	}
}

func TestSparkplugUnknownAliasIsReadAgainAfterTheRebirth(t *testing.T) {
	w := newWorld()
	n := newNode(t, w)
	missed := ingest.Delivery{
		Door: "mqtt", Gateway: "gw1", Topic: "spBv1.0/AMATA/DDATA/edge1/d1", ReceivedAt: bornAt,
		Body: append(protowire.AppendBytes(protowire.AppendTag(nil, spPayloadMetrics, protowire.BytesType), aliased(2, 13)), 0x18, 77),
	}
	expect(t, n.decode(missed), "unknown_alias")
	if len(w.rebirths) != 1 {
		t.Fatalf("rebirths %q", w.rebirths)
	}
	n.born()
	n.now = n.now.Add(time.Hour)
	missed.Retry = "7"
	expect(t, n.decode(missed), "d1/TSS=13")
	expect(t, n.send("NDATA/edge1", aliased(1, 30)), "edge1/COD=30")
	if len(w.rebirths) != 1 {
		t.Errorf("a retry disturbs the numbers: rebirths %q", w.rebirths)
	}
}

func TestSparkplugLookingLeavesNoTrace(t *testing.T) {
	w := newWorld()
	n := newNode(t, w)
	n.born()
	kept := maps.Clone(w.kept)
	pasted := func(rest string, metrics ...[]byte) ingest.Delivery {
		var b []byte
		for _, m := range metrics {
			b = protowire.AppendBytes(protowire.AppendTag(b, spPayloadMetrics, protowire.BytesType), m)
		}
		return ingest.Delivery{Door: "http", Gateway: "officer", Topic: "spBv1.0/AMATA/" + rest, Body: b, ReceivedAt: n.now}
	}
	expect(t, n.decode(pasted("NBIRTH/edge1", named("TSS", 1, spFloatType, 3))), "edge1/TSS=3")
	expect(t, n.decode(pasted("NDEATH/edge1", bdSeq(3))), "no_values")
	expect(t, n.decode(pasted("NDATA/edge1", aliased(1, 30), aliased(9, 1))), "edge1/COD=30 unknown_alias")
	expect(t, n.send("NDATA/edge1", aliased(1, 30)), "edge1/COD=30")
	if len(w.rebirths) != 0 || !maps.EqualFunc(kept, w.kept, func(a, b []byte) bool { return string(a) == string(b) }) {
		t.Errorf("rebirths %q, %d births", w.rebirths, len(w.kept))
	}
}

func TestSparkplugBirthEndsWhatWasDeclared(t *testing.T) {
	w := newWorld()
	n := newNode(t, w)
	n.born()
	n.now = n.now.Add(time.Second)
	n.seq = 0
	n.send("NBIRTH/edge1", named("NH4", 1, spFloatType, 1))
	expect(t, n.send("NDATA/edge1", aliased(1, 2)), "edge1/NH4=2")
	expect(t, n.send("DDATA/edge1/d1", aliased(1, 2)), "unknown_alias")
}

func TestSparkplugBirthOfOneGatewayIsNotThatOfAnother(t *testing.T) {
	n := newNode(t, newWorld())
	n.born()
	n.gateway, n.seq = "stranger", 0
	n.send("NBIRTH/edge1", named("pH", 1, spFloatType, 7))
	n.gateway, n.seq = "gw1", 2
	expect(t, n.send("NDATA/edge1", aliased(1, 30)), "edge1/COD=30")
}

func TestSparkplugDeath(t *testing.T) {
	w := newWorld()
	n := newNode(t, w)
	n.born()
	expect(t, n.send("NDEATH/edge1", bdSeq(2)), "no_values") // the will of an older session
	n.send("NDATA/edge1", aliased(1, 30))
	if len(w.rebirths) != 0 {
		t.Fatalf("rebirths %q", w.rebirths)
	}
	n.send("NDEATH/edge1", bdSeq(3))
	expect(t, n.send("NDATA/edge1", aliased(1, 30)), "edge1/COD=30")
	if len(w.rebirths) != 1 {
		t.Errorf("data after a death: rebirths %q", w.rebirths)
	}
}

func TestSparkplugBirthsOutliveTheProcess(t *testing.T) {
	w := newWorld()
	n := newNode(t, w)
	n.born()
	for key := range w.kept {
		if strings.Trim(key, "abcdefghijklmnopqrstuvwxyz0123456789.") != "" {
			t.Errorf("key %q", key)
		}
	}
	n.reload(w)
	expect(t, n.send("NDATA/edge1", aliased(1, 30)), "edge1/COD=30")
	expect(t, n.send("DDATA/edge1/d1", aliased(2, 13)), "d1/TSS=13")
	if len(w.rebirths) != 1 {
		t.Errorf("what was missed while nobody listened is not known: rebirths %q", w.rebirths)
	}
	// A device that did not declare itself after the last NBIRTH is not known after a restart either.
	n.seq = 0
	n.now = n.now.Add(time.Second)
	n.send("NBIRTH/edge1", named("NH4", 1, spFloatType, 1))
	n.reload(w)
	n.seq++
	expect(t, n.send("DDATA/edge1/d1", aliased(2, 13)), "unknown_alias")
}

func (n *node) reload(w *world) {
	n.t.Helper()
	w.kept["sparkplug.broken"] = []byte{0xff}
	w.kept["else"] = []byte("of others")
	var err error
	if n.decoder, err = Load(context.Background(), w.options()); err != nil {
		n.t.Fatal(err)
	}
	if _, still := w.kept["sparkplug.broken"]; still || len(w.kept["else"]) == 0 {
		n.t.Errorf("kept %q", slicesOfKeys(w.kept))
	}
}

func slicesOfKeys(m map[string][]byte) (keys []string) {
	for k := range m {
		keys = append(keys, k)
	}
	return keys
}

func TestSparkplugBirthIsKeptWhenTheStoreIsBack(t *testing.T) {
	w := newWorld()
	w.failing = errors.New("no disk")
	n := newNode(t, w)
	n.born()
	if len(w.kept) != 0 || len(w.reported) == 0 {
		t.Fatalf("kept %d, reported %v", len(w.kept), w.reported)
	}
	w.failing = nil
	expect(t, n.send("NDATA/edge1", aliased(1, 30)), "edge1/COD=30")
	n.now = n.now.Add(saveAgainAfter)
	n.send("NDATA/edge1", aliased(1, 30))
	if len(w.kept) != 2 {
		t.Errorf("kept %d", len(w.kept))
	}
}

// What strangers declare stays within its bounds, and what is kept shrinks with it.
func TestSparkplugBounds(t *testing.T) {
	w := newWorld()
	n := newNode(t, w)
	for i := range maxEdgesOfOne + 50 {
		n.now = n.now.Add(time.Second)
		n.send(fmt.Sprintf("NBIRTH/edge%d", i), named("COD", 1, spFloatType, 1))
	}
	b := &n.decoder.births
	if len(b.edges) != maxEdgesOfOne || len(w.kept) != maxEdgesOfOne {
		t.Errorf("%d edge nodes, %d kept", len(b.edges), len(w.kept))
	}
	for g := range 2 {
		n.gateway = fmt.Sprintf("other%d", g)
		for i := range maxEdgesOfOne {
			n.send(fmt.Sprintf("NBIRTH/edge%d", i), named("COD", 1, spFloatType, 1))
		}
	}
	if len(b.edges) > maxEdges || len(w.kept) != len(b.edges) {
		t.Errorf("%d edge nodes, %d kept", len(b.edges), len(w.kept))
	}
	long := make([][]byte, 0, 3000)
	for i := range cap(long) {
		long = append(long, named(strings.Repeat("x", 200)+fmt.Sprint(i), uint64(i), spFloatType, 1))
	}
	n.gateway = "gw1"
	for i := range 60 {
		out := n.send(fmt.Sprintf("DBIRTH/edge%d/d", maxEdgesOfOne+i%50), long...)
		if last := out.Rejects; len(last) != 1 || last[0].Reason != ingest.ReasonTooManyItems || len(out.Items) != len(long) {
			t.Fatalf("%d items, rejects %v", len(out.Items), last)
		}
	}
	if b.bytes > maxBirths || b.ofOne["mqtt/gw1"].bytes > maxBirthsOfOne {
		t.Errorf("%d bytes, %v", b.bytes, b.ofOne)
	}
	sum := 0
	for _, e := range b.edges {
		sum += e.bytes
	}
	if sum != b.bytes {
		t.Errorf("%d bytes are booked, %d are there", b.bytes, sum)
	}
}

func TestSparkplugDevicesAreBounded(t *testing.T) {
	w := newWorld()
	n := newNode(t, w)
	n.born()
	for round := range 3 {
		n.now = n.now.Add(time.Second)
		n.seq = 0
		n.send("NBIRTH/edge1", named("COD", 1, spFloatType, 1))
		for i := range maxDevices {
			n.send(fmt.Sprintf("DBIRTH/edge1/d%d-%d", round, i), named("pH", 1, spFloatType, 7))
		}
	}
	e := n.decoder.births.edges[edgeName{"mqtt/gw1", "AMATA", "edge1"}]
	if len(e.declared) != maxDevices+1 || len(w.kept) != maxDevices+1 {
		t.Errorf("%d devices, %d kept", len(e.declared), len(w.kept))
	}
	expect(t, n.send("DDATA/edge1/d2-255", aliased(1, 7)), "d2-255/pH=7")
	expect(t, n.send("DBIRTH/edge1/more", named("pH", 1, spFloatType, 7)), "more/pH=7 too_many_items")
}

func TestSparkplugIsSafeForConcurrentUse(t *testing.T) {
	w := newWorld()
	decoder := New(w.options())
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			n := &node{t: t, decoder: decoder, gateway: fmt.Sprint("gw", g%4), group: fmt.Sprint("g", g), now: bornAt}
			for range 50 {
				n.born()
				if out := n.send("DDATA/edge1/d1", aliased(2, 13)); got(out) != "d1/TSS=13" {
					t.Errorf("got %s", got(out))
				}
			}
		})
	}
	wg.Wait()
}

// FuzzSparkplug feeds one decoder a birth and then anything, so that what is known of births meets every payload.
func FuzzSparkplug(f *testing.F) {
	for name, body := range goldenInputs(f) {
		if strings.HasPrefix(name, "sparkplug/") {
			f.Add(body, body, "NBIRTH/edge1", "NDATA/edge1")
		}
	}
	f.Add([]byte{}, []byte{0x18, 3}, "DBIRTH/edge1/d1", "DDATA/edge1/d1")
	f.Fuzz(func(t *testing.T, birth, data []byte, first, second string) {
		w := newWorld()
		decoder := New(w.options())
		for i, body := range [][]byte{birth, data, data} {
			d := ingest.Delivery{Door: "broker", Body: body, Topic: spNamespace + "/g/" + []string{first, second, second}[i], ReceivedAt: bornAt.Add(time.Duration(i) * time.Second)}
			out, err := decoder.Decode(&d)
			checkInvariants(t, body, out, err)
		}
		if len(w.rebirths) > 2 {
			t.Fatalf("rebirths %q", w.rebirths)
		}
		restored, err := Load(context.Background(), w.options())
		if err != nil || len(w.reported) > 0 {
			t.Fatal(err, w.reported)
		}
		if a, b := len(decoder.births.edges), len(restored.births.edges); b > a {
			t.Fatalf("%d edge nodes became %d", a, b)
		}
	})
}
