package books

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"quantrac/ingest"
	"quantrac/ingest/stream"
)

func counts(t *testing.T, c *Clerk, q Query) map[Key]Counts {
	t.Helper()
	l, err := c.Ledger(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	out := map[Key]Counts{}
	for _, it := range l.Items {
		out[it.Key] = it.Counts
	}
	return out
}

// A retry takes back what was quarantined, where it was booked, and adds what its bytes have become.
func TestRetriesAreBookedAnew(t *testing.T) {
	r := newRig(t)
	late := base.Add(5 * time.Hour)
	reject := func(n int) (out []ingest.Reject) {
		for range n {
			out = append(out, ingest.Reject{Reason: ingest.ReasonUnknownParameter})
		}
		return out
	}
	whole, part := delivery("g", base), delivery("g", base.Add(time.Hour), cod("s", 0, 1))
	whole.Rejects, part.Rejects = reject(3), reject(2)
	r.append(whole, part)
	r.consume()
	if got := counts(t, r.clerk, Query{}); got[Key{"g", ""}] != (Counts{Received: 1, Quarantined: 1}) || got[Key{"g", "s"}] != (Counts{Received: 3, Stored: 1, Quarantined: 2}) {
		t.Fatalf("before: %+v", got)
	}
	r.clerk.opt.Origin = originOf(map[string]string{"1-0": "", "2-0": "s"})
	wholeAgain := delivery("g", base, cod("s", 10, 2), cod("s", 20, 3))
	wholeAgain.Delivery.Retry, wholeAgain.Delivery.Parts, wholeAgain.Rejects = "1-0", 1, reject(1)
	partAgain := delivery("g", base.Add(time.Hour), cod("s", 0, 1), cod("s", 30, 4), cod("s", 40, 5))
	partAgain.Delivery.Retry, partAgain.Delivery.Parts = "2-0", 2
	r.append(wholeAgain, partAgain, delivery("g", late, cod("s", 50, 6)))
	r.consume()
	want := Counts{Received: 1 + 2 + 1 + 3 + 1, Stored: 1 + 2 + 2 + 1, Quarantined: 1, Duplicate: 1}
	if got := counts(t, r.clerk, Query{}); len(got) != 1 || got[Key{"g", "s"}] != want {
		t.Errorf("after: %+v, want %+v", got, want)
	}
	// The books of the hour of receipt change, not those of the hour of the retry.
	if got := counts(t, r.clerk, Query{From: base, To: base.Add(time.Hour)}); got[Key{"g", "s"}] != (Counts{Received: 3, Stored: 2, Quarantined: 1}) {
		t.Errorf("the first hour: %+v", got)
	}
	if got := counts(t, r.clerk, Query{From: base.Add(2 * time.Hour)}); got[Key{"g", "s"}] != (Counts{Received: 1, Stored: 1}) {
		t.Errorf("after the second: %+v", got)
	}
	r.balanced()
}

// What a resend must share with the first to be the same.
func TestWhatIsTheSame(t *testing.T) {
	first := Stored{Value: 4, Status: ingest.Measuring, Flags: ingest.Late, Usable: true}
	for _, tc := range []struct {
		name string
		r    ingest.Reading
		same bool
	}{
		{"the same", ingest.Reading{Value: 4}, true},
		{"other flags", ingest.Reading{Value: 4, Flags: ingest.ClockAssumed | ingest.UnitConverted}, true},
		{"another number", ingest.Reading{Value: 4.0001}, false},
		{"no number", ingest.Reading{Value: math.NaN()}, false},
		{"another status", ingest.Reading{Value: 4, Status: ingest.Calibrating}, false},
	} {
		if got := first.same(&tc.r); got != tc.same {
			t.Errorf("%s: %v", tc.name, got)
		}
	}
	none := Stored{Value: math.NaN(), Status: ingest.Fault}
	if !none.same(&ingest.Reading{Value: math.NaN(), Status: ingest.Fault, Flags: ingest.NotANumber}) {
		t.Error("none is none, whatever stood in its place")
	}
	if none.same(&ingest.Reading{Value: math.NaN()}) {
		t.Error("a fault is not the same as a value that is missing")
	}
}

// Records that were written before there were retries, accounts and conflicts are read, and the books made up from them.
func TestOlderBooks(t *testing.T) {
	log, err := stream.Open(t.Context(), stream.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	records, err := log.Stream(t.Context(), "BOOKS")
	if err != nil {
		t.Fatal(err)
	}
	for _, old := range []string{
		`{"from":1,"to":4,"lines":[{"gateway":"g","station":"s","at":1795500000,"received":5,"stored":3,"quarantined":0,"duplicate":1,"revised":1}],` +
			`"duplicates":[{"b":2,"e":0,"r":1}],"revisions":[{"b":2,"e":0,"r":2,"first":1.5,"usable":true}]}`,
		`{"from":5,"to":6,"lines":[{"gateway":"g","station":"","at":1795500000,"received":1,"stored":0,"quarantined":1,"duplicate":0,"revised":0}]}`,
	} {
		if _, err := records.Add(t.Context(), []byte(old)); err != nil {
			t.Fatal(err)
		}
	}
	mem := &memory{values: map[instantKey]Stored{}}
	open := func() *Clerk {
		c, cursor, err := Open(t.Context(), Options{Log: log, Lookup: mem.lookup, Write: mem.write, Now: func() time.Time { return base }})
		if err != nil {
			t.Fatal(err)
		}
		if cursor.Passed() != 0 || c.booked != startOf(7) || len(c.again) != 2 {
			t.Errorf("passed %d, booked %v, %d again", cursor.Passed(), c.booked, len(c.again))
		}
		return c
	}
	c := open()
	want := Counts{Received: 5, Stored: 3, Duplicate: 1, Revised: 1}
	if got := counts(t, c, Query{}); got[Key{"g", "s"}] != want || got[Key{"g", ""}].Quarantined != 1 {
		t.Errorf("%+v", got)
	}
	// The recorded verdicts are used for what is in the log.
	var batches []stream.Batch
	for seq := range uint64(6) {
		batches = append(batches, stream.Batch{Sequence: seq + 1, Entries: []ingest.Intake{*delivery("g", base)}})
	}
	batches[1].Entries[0].Readings = []ingest.Reading{cod("s", 1, 1), cod("s", 2, 2), cod("s", 3, 3)}
	if err := c.Consume(t.Context(), batches); err != nil {
		t.Fatal(err)
	}
	if _, ok := mem.at("s", 2); ok {
		t.Error("a duplicate was stored")
	}
	if first, ok := mem.at("s", 1); !ok || first.Value != 1 {
		t.Errorf("%+v", first)
	}
	if kept, _ := mem.at("s", 3); kept.Value != 1.5 || !kept.Usable || kept.Flags&ingest.Revised == 0 {
		t.Errorf("%+v", kept)
	}
	if got := counts(t, c, Query{}); got[Key{"g", "s"}] != want {
		t.Errorf("booked twice: %+v", got)
	}
}

// A delivery of which everything contradicts what is there takes many records, each small enough for a server with the usual
// largest message.
func TestAFloodOfConflictsIsCut(t *testing.T) {
	srv, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), SyncAlways: true, NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	defer srv.Shutdown()
	log, err := stream.Open(t.Context(), stream.Options{URL: srv.ClientURL()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	mem := &memory{values: map[instantKey]Stored{}}
	c, _, err := Open(t.Context(), Options{Log: log, Lookup: mem.lookup, Write: mem.write, Now: func() time.Time { return base }})
	if err != nil {
		t.Fatal(err)
	}
	c.budget = 16 << 20 // too large a record is cut in half until it fits
	send := func(seq uint64, v float64) {
		in := ingest.Intake{Delivery: ingest.Delivery{Gateway: strings.Repeat("\x01g", 40_000), ReceivedAt: base}}
		for i := range ingest.MaxItems {
			in.Readings = append(in.Readings, cod("s", i, v))
		}
		if err := c.Consume(t.Context(), []stream.Batch{{Sequence: seq, Entries: []ingest.Intake{in}}}); err != nil {
			t.Fatal(err)
		}
	}
	send(1, 1)
	send(2, 2)
	send(3, 1)
	got := counts(t, c, Query{})
	want := Counts{Received: 3 * ingest.MaxItems, Stored: ingest.MaxItems, Revised: ingest.MaxItems, Duplicate: ingest.MaxItems}
	for k, n := range got {
		if len(got) != 1 || n != want || len(k.Gateway) > maxGateway {
			t.Errorf("%q: %+v, want %+v", k, n, want)
		}
	}
	st, err := c.records.Extent(t.Context())
	if err != nil || st.Records < 6 {
		t.Errorf("%d records (%v)", st.Records, err)
	}
	seen := 0
	for q := (ConflictQuery{Station: "s", Limit: 1000}); ; {
		some, next, err := c.Conflicts(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if seen += len(some); next == "" {
			break
		}
		q.Cursor = next
	}
	if seen != ingest.MaxItems {
		t.Errorf("%d conflicts are kept, want %d", seen, ingest.MaxItems)
	}
}

func TestConflictsBySelection(t *testing.T) {
	r := newRig(t)
	if got, next, err := r.clerk.Conflicts(t.Context(), ConflictQuery{Station: "s", Limit: 5}); got == nil || len(got) != 0 || next != "" || err != nil {
		t.Errorf("an empty list: %v %q %v", got, next, err)
	}
	ph := cod("s", 3, 7)
	ph.Parameter = "ph"
	r.append(delivery("g", base, cod("s", 1, 1), cod("s", 2, 1), ph, cod("x", 1, 1)))
	r.consume()
	other := ph
	other.Value, other.Status, other.Flags = math.NaN(), ingest.Fault, ingest.NotANumber
	r.append(delivery("g2", base, cod("s", 1, 2)), delivery("g2", base, cod("s", 2, 3), other, cod("x", 1, 2)))
	r.consume()
	for _, tc := range []struct {
		q    ConflictQuery
		want int
	}{
		{ConflictQuery{Station: "s"}, 3},
		{ConflictQuery{Station: "s", Parameter: "ph"}, 1},
		{ConflictQuery{Station: "x"}, 1},
		{ConflictQuery{Station: "y"}, 0},
		{ConflictQuery{Station: "s", From: base.Add(2 * time.Minute)}, 2},
		{ConflictQuery{Station: "s", To: base.Add(2 * time.Minute)}, 1},
	} {
		tc.q.Limit = 10
		got, _, err := r.clerk.Conflicts(t.Context(), tc.q)
		if err != nil || len(got) != tc.want {
			t.Errorf("%+v: %d conflicts, want %d (%v)", tc.q, len(got), tc.want, err)
		}
	}
	got, _, _ := r.clerk.Conflicts(t.Context(), ConflictQuery{Station: "s", Parameter: "ph", Limit: 1})
	if c := got[0]; *c.Kept.Value != 7 || c.Kept.Status != ingest.Measuring || c.Other.Value != nil || c.Other.Status != ingest.Fault ||
		c.Other.Flags != ingest.NotANumber || c.Gateway != "g2" || !c.MeasuredAt.Equal(ph.MeasuredAt) {
		t.Errorf("%+v", c)
	}
	for _, bad := range []string{"x", "1", "0-1", "1--1", "99-1-"} {
		if _, _, err := r.clerk.Conflicts(t.Context(), ConflictQuery{Station: "s", Limit: 1, Cursor: bad}); !errors.Is(err, ErrCursor) && bad != "99-1-" {
			t.Errorf("cursor %q: %v", bad, err)
		}
	}
}

// The archive and its codec.
func TestDayPart(t *testing.T) {
	v := newDayPart()
	v.upto = 77
	for hour := range int64(24) {
		v.add(Key{"g", "s"}, hourCount{480 + hour, Counts{Received: hour + 2, Stored: hour, Quarantined: -1, Duplicate: 1, Revised: 2}})
		v.add(Key{"", ""}, hourCount{480 + hour, Counts{Received: 1, Stored: 1}})
	}
	again, err := decodeDayPart(v.encode())
	if err != nil || fmt.Sprint(again) != fmt.Sprint(v) {
		t.Errorf("\n got %v\nwant %v (%v)", again, v, err)
	}
	again.toDay(20)
	again.add(Key{"g", "s"}, hourCount{490, Counts{Received: 1, Stored: 1}})
	if got := again.counts[Key{"g", "s"}]; len(got) != 1 || got[0].Hour != 480 || got[0].Received != 23*12+48+1 {
		t.Errorf("as a day: %+v", got)
	}
	again.toOthers()
	if got := again.counts[Key{Others, "s"}]; len(got) != 1 || len(again.counts) != 2 {
		t.Errorf("without gateways: %+v", again.counts)
	}
	for _, bad := range [][]byte{nil, {9}, {1, 0}, {1, 0, 0, 5}, {1, 0, 0, 0, 0, 1}, v.encode()[:len(v.encode())-1]} {
		if _, err := decodeDayPart(bad); err == nil {
			t.Errorf("%v is no part", bad)
		}
	}
}

func FuzzDecodeDayPart(f *testing.F) {
	v := newDayPart()
	v.add(Key{"g", "s"}, hourCount{480, Counts{Received: 1, Stored: 1}})
	f.Add(v.encode())
	f.Fuzz(func(_ *testing.T, b []byte) { _, _ = decodeDayPart(b) })
}

// Strangers can't make the books grow by inventing gateways.
func TestGatewaysAreBounded(t *testing.T) {
	r := newRig(t)
	for i := range 3 * maxGateways {
		r.append(delivery(fmt.Sprintf("g%d", i), base, cod("s", i, 1)))
	}
	r.consume()
	l := r.ledger(Query{})
	if len(l.Items) != maxGateways+1 || l.Total.Stored != 3*maxGateways {
		t.Errorf("%d lines, %+v", len(l.Items), l.Total)
	}
	if a, b := gatewayName(strings.Repeat("x", 70_000)), gatewayName(strings.Repeat("x", 70_001)); len(a) > maxGateway || a == b {
		t.Errorf("%q and %q", a, b)
	}
	if _, err := json.Marshal(gatewayName("a\xff")); err != nil || gatewayName("a\xff") != "a\uFFFD" {
		t.Errorf("%q", gatewayName("a\xff"))
	}
}

func TestGapsAreBounded(t *testing.T) {
	var s sequences
	for i := range uint64(1000) {
		s.see(1+3*i, base.Add(time.Duration(i)*time.Minute))
	}
	var missing uint64
	for _, g := range s.gaps() {
		missing += g.Missing
		if g.To.Before(g.From) {
			t.Errorf("%+v ends before it begins", g)
		}
	}
	if missing != 2*999 || len(s.Spans) != maxGaps || !s.gaps()[0].From.Equal(base) {
		t.Errorf("%d missing in %d gaps from %s", missing, len(s.Spans), s.gaps()[0].From)
	}
}
