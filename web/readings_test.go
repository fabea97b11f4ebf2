package web

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"quantrac/ingest"
)

type receipt struct {
	Status   int
	Accepted int
	Rejected []struct {
		Index          int
		Reason, Detail string
	}
}

func (r *receipt) reasons() string {
	var out []string
	for _, rej := range r.Rejected {
		out = append(out, fmt.Sprintf("%d:%s", rej.Index, rej.Reason))
	}
	return strings.Join(out, " ")
}

func TestPostReadings(t *testing.T) {
	r := newRig(t, nil)
	cases := []struct {
		name, body string
		status     int
		accepted   int
		reasons    string
	}{
		{"one object", `{"station":"amata-01","measured_at":"2026-11-24T11:55:00+07:00","values":{"cod":42.1,"ph":7}}`, 202, 2, ""},
		{
			"a backlog with one bad part", `[{"station":"amata-01","values":{"tss":1}},{"station":"nowhere","values":{"tss":1}},{"station":"loteco-01","values":{"tss":2,"plutonium":1}}]`,
			202, 2, "1:unknown_station 2:unknown_parameter",
		},
		{"malformed JSON", `{"station":"amata-01","values":{"cod":`, 422, 0, "0:undecodable"},
		{"no JSON", "\x00\xff\x01", 422, 0, "0:undecodable"},
		{"nothing", "", 422, 0, "0:undecodable"},
		{"unknown station", `{"station":"nowhere","values":{"cod":1}}`, 422, 0, "0:unknown_station"},
		{"no station", `{"values":{"cod":1}}`, 422, 0, "0:no_station"},
		{"unknown parameter", `{"station":"amata-01","values":{"plutonium":1}}`, 422, 0, "0:unknown_parameter"},
		{"the year 2099", `{"station":"amata-01","measured_at":"2099-01-01T00:00:00Z","values":{"cod":1}}`, 422, 0, "0:future"},
		{"last year", `{"station":"amata-01","measured_at":"2025-01-01T00:00:00Z","values":{"cod":1}}`, 422, 0, "0:too_old"},
		{"no number is stored as none", `{"station":"amata-01","values":{"cod":NaN}}`, 202, 1, ""},
		{"a text is stored as none", `{"station":"amata-02","values":{"cod":"---"}}`, 202, 1, ""},
		{"an unknown unit is stored as not usable", `{"station":"river-01","values":{"cod":{"value":1,"unit":"furlong"}}}`, 202, 1, ""},
	}
	for _, tc := range cases {
		var got receipt
		a := r.post("/api/v1/readings", tc.body).into(tc.status, &got)
		if got.Accepted != tc.accepted || got.reasons() != tc.reasons {
			t.Errorf("%s: accepted %d, rejected %q: %s", tc.name, got.Accepted, got.reasons(), a.body)
		}
		if tc.status != http.StatusAccepted && (got.Status != tc.status || a.header.Get("Content-Type") != "application/problem+json") {
			t.Errorf("%s: a refusal is a problem too: %s", tc.name, a.body)
		}
	}
	r.settle()
	var station struct {
		Latest map[string]struct {
			Value *float64
			Unit  string
			Flags []string
		}
	}
	r.get("/api/v1/stations/amata-01").into(http.StatusOK, &station)
	if cod := station.Latest["cod"]; cod.Value != nil || !slices.Contains(cod.Flags, "nan_literal") {
		t.Errorf("NaN became %+v", cod)
	}
	r.get("/api/v1/stations/river-01").into(http.StatusOK, &station)
	if cod := station.Latest["cod"]; cod.Unit != "furlong" || !slices.Contains(cod.Flags, "unit_unknown") {
		t.Errorf("an unknown unit became %+v", cod)
	}
}

func TestPostTooLarge(t *testing.T) {
	r := newRig(t, nil)
	var got receipt
	whole := []byte(`{"station":"amata-01","values":{"cod":1},"pad":"` + strings.Repeat("x", ingest.MaxBody))
	whole = append(whole[:ingest.MaxBody-2], `"}`...)
	r.send(bootstrap, http.MethodPost, "/api/v1/readings", bytes.NewReader(whole)).into(http.StatusAccepted, &got)
	if got.Accepted != 1 {
		t.Errorf("the largest body: %+v", got)
	}
	r.send(bootstrap, http.MethodPost, "/api/v1/readings", bytes.NewReader(append(whole, ' '))).into(http.StatusRequestEntityTooLarge, &got)
	if got.reasons() != "0:too_large" {
		t.Errorf("one byte more: %+v", got)
	}
	r.send(bootstrap, http.MethodPost, "/api/v1/decode", bytes.NewReader(append(whole, ' '))).says(http.StatusRequestEntityTooLarge, "larger than")
	r.settle()
	var list struct{ Items []struct{ Body []byte } }
	r.get("/api/v1/quarantine").into(http.StatusOK, &list)
	if len(list.Items) != 1 || len(list.Items[0].Body) != ingest.KeptTooLarge {
		t.Errorf("%d entries in quarantine", len(list.Items))
	}
}

// An outside log may carry less than a body may have.
func TestPostLargerThanTheLogCarries(t *testing.T) {
	const carries = 100 << 10
	r := newRig(t, func(c *Config) {
		c.MaxBody = func() int { return carries }
		accept := c.Accept
		c.Accept = func(ctx context.Context, d ingest.Delivery) (ingest.Receipt, error) {
			if !d.TooLarge && bytes.Contains(d.Body, []byte("dense")) {
				return ingest.Receipt{}, fmt.Errorf("append: %w", ErrTooLarge)
			}
			return accept(ctx, d)
		}
	})
	body := func(pad string, n int) string {
		head := `{"station":"amata-01","values":{"cod":1},"pad":"` + pad
		return head + strings.Repeat("x", n-len(head)-2) + `"}`
	}
	for _, tc := range []struct {
		name, body, detail string
		status             int
	}{
		{"the largest", body("", carries), "", http.StatusAccepted},
		{"a byte more", body("", carries+1), "larger than 102400 bytes", http.StatusRequestEntityTooLarge},
		{"more in it than the log carries", body("dense", carries), "larger than the log can carry", http.StatusRequestEntityTooLarge},
	} {
		a := r.post("/api/v1/readings", tc.body)
		if tc.status == http.StatusAccepted {
			a.is(tc.status)
			continue
		}
		var got receipt
		if a.says(tc.status, tc.detail).into(tc.status, &got); got.reasons() != "0:too_large" || a.header.Get("Retry-After") != "" {
			t.Errorf("%s: %s", tc.name, a.body)
		}
	}
	r.settle()
	var list struct{ Items []struct{ Body []byte } }
	r.get("/api/v1/quarantine").into(http.StatusOK, &list)
	if len(list.Items) != 2 || len(list.Items[0].Body) != ingest.KeptTooLarge || len(list.Items[1].Body) != ingest.KeptTooLarge {
		t.Errorf("quarantine: %d entries", len(list.Items))
	}
	if s := r.logs.String(); strings.Contains(s, "request failed") {
		t.Errorf("a body that is too large is the sender's fault, not ours: %s", s)
	}
}

func TestDecode(t *testing.T) {
	r := newRig(t, nil)
	var got struct {
		Dialect  string
		Readings []struct {
			Station, Parameter string
			Value              *float64
			Flags              []string
			MeasuredAt         time.Time `json:"measured_at"`
		}
		Rejected []struct{ Reason, Detail string }
	}
	decode := func(query, body string) {
		t.Helper()
		got.Readings, got.Rejected = nil, nil
		r.post("/api/v1/decode"+query, body).into(http.StatusOK, &got)
	}
	decode("?topic=quantrac/v1/amata-01/readings", `{"measured_at":"2026-11-24T04:59:00Z","values":{"cod":42.1,"ph":NaN}}`)
	if got.Dialect != "native" || len(got.Readings) != 2 || got.Readings[0].Station != "amata-01" || *got.Readings[0].Value != 42.1 || got.Readings[1].Value != nil {
		t.Errorf("by topic: %+v", got)
	}
	decode("?filename=amata-02/x.txt", `{"values":{"cod":1}}`)
	if len(got.Readings) != 1 || got.Readings[0].Station != "amata-02" || !got.Readings[0].MeasuredAt.Equal(noon) {
		t.Errorf("by file name, without a time: %+v", got)
	}
	decode("?now=2024-05-05T00:00:00Z", `{"station":"amata-01","measured_at":"2024-05-04T23:59:00Z","values":{"cod":1}}`)
	if len(got.Readings) != 1 || len(got.Rejected) != 0 {
		t.Errorf("judged against now: %+v", got)
	}
	decode("", `{"station":"amata-01","measured_at":"2099-01-01T00:00:00Z","values":{"cod":1}}`)
	if len(got.Readings) != 1 || !slices.Contains(got.Readings[0].Flags, "future") || len(got.Rejected) != 1 || got.Rejected[0].Reason != "future" {
		t.Errorf("the future is shown and named: %+v", got)
	}
	decode("", `{"values":`)
	if len(got.Readings) != 0 || len(got.Rejected) != 1 || got.Rejected[0].Reason != "undecodable" || got.Rejected[0].Detail == "" {
		t.Errorf("malformed: %+v", got)
	}
	r.post("/api/v1/decode?now=yesterday", `{}`).says(http.StatusBadRequest, "now must be a time")
	if last, err := r.log.LastSequence(t.Context()); err != nil || last != 0 {
		t.Errorf("decode stored something: sequence %d (%v)", last, err)
	}
}

type historyPage struct {
	Items []struct {
		Time       time.Time
		MeasuredAt time.Time `json:"measured_at"`
		Value, Raw *float64
		Count      int
		Flags      []string
	}
	Next *string `json:"next_cursor"`
}

// aDay stores a value each 5 minutes of the day before noon; each 12th is out of range.
func (r *rig) aDay() {
	r.t.Helper()
	var b strings.Builder
	b.WriteByte('[')
	for i := range 288 {
		if i > 0 {
			b.WriteByte(',')
		}
		v := float64(i)
		if i%12 == 11 {
			v = 9999
		}
		fmt.Fprintf(&b, `{"station":"amata-01","measured_at":%q,"values":{"cod":%g}}`, noon.Add(time.Duration(i-288)*5*time.Minute).Format(time.RFC3339), v)
	}
	b.WriteByte(']')
	r.post("/api/v1/readings", b.String()).is(http.StatusAccepted)
	r.settle()
}

func TestHistory(t *testing.T) {
	r := newRig(t, nil)
	r.aDay()
	const path = "/api/v1/stations/amata-01/readings?parameter=cod"
	var got historyPage
	read := func(query string) historyPage {
		t.Helper()
		got = historyPage{}
		r.get(path+query).into(http.StatusOK, &got)
		return got
	}
	if p := read(""); len(p.Items) != 288 || p.Next != nil || p.Items[11].Value != nil || *p.Items[11].Raw != 9999 || !slices.Contains(p.Items[11].Flags, "out_of_range") {
		t.Errorf("raw: %d rows, next %v, %+v", len(p.Items), p.Next, p.Items[11])
	}
	seen, cursor := 0, ""
	for pages := 0; ; pages++ {
		p := read("&limit=100" + cursor)
		seen += len(p.Items)
		if p.Next == nil {
			if pages != 2 {
				t.Errorf("%d pages of 100", pages+1)
			}
			break
		}
		if len(p.Items) != 100 {
			t.Fatalf("a page of %d", len(p.Items))
		}
		cursor = "&cursor=" + url.QueryEscape(*p.Next)
	}
	if seen != 288 {
		t.Errorf("%d rows on all pages", seen)
	}
	p := read("&from=2026-11-23T12:00:00%2B07:00&to=2026-11-23T13:00:00+07:00") // a + unescaped is understood
	if len(p.Items) != 12 || !p.Items[0].MeasuredAt.Equal(noon.Add(-24*time.Hour)) {
		t.Errorf("from is inclusive, to exclusive: %d rows", len(p.Items))
	}
	if p = read("&limit=99999999999999999999"); len(p.Items) != 288 {
		t.Errorf("a limit beyond all numbers is clamped: %d", len(p.Items))
	}
	if p = read("&from=0001-01-01T00:00:00Z&to=9999-01-01T00:00:00Z&limit=0"); len(p.Items) != 1 {
		t.Errorf("all of time, limit clamped to 1: %d", len(p.Items))
	}
}

func TestWindows(t *testing.T) {
	r := newRig(t, nil)
	r.aDay()
	const path = "/api/v1/stations/amata-01/readings?parameter=cod"
	read := func(query string) historyPage {
		t.Helper()
		var p historyPage
		r.get(path+query).into(http.StatusOK, &p)
		return p
	}
	p := read("&every=1h&fn=count")
	if len(p.Items) != 24 || p.Next != nil || p.Items[0].Count != 11 {
		t.Errorf("24 hours of 11 usable values: %d, %v", len(p.Items), p.Next)
	}
	if p = read("&every=1h"); *p.Items[1].Value != 17 {
		t.Errorf("mean of 12 to 22: %v", *p.Items[1].Value)
	}
	// 7 h is no part of a day: windows must be aligned as history aligns them, or a page would split one.
	for _, every := range []string{"7h", "1h", "11m", "1d"} {
		whole := read("&every=" + every + "&fn=count")
		var joined historyPage
		cursor := ""
		for {
			p := read("&every=" + every + "&fn=count&limit=3" + cursor)
			if len(p.Items) > 3 {
				t.Fatalf("every=%s: a page of %d", every, len(p.Items))
			}
			joined.Items = append(joined.Items, p.Items...)
			if p.Next == nil {
				break
			}
			cursor = "&cursor=" + *p.Next
		}
		if fmt.Sprint(len(joined.Items), timesOf(joined)) != fmt.Sprint(len(whole.Items), timesOf(whole)) {
			t.Errorf("every=%s: pages give %v, one page %v", every, timesOf(joined), timesOf(whole))
		}
	}
	if p = read("&every=366d&from=0001-01-01T00:00:00Z&to=9999-01-01T00:00:00Z&limit=10000"); len(p.Items) != 1 || p.Next != nil {
		t.Errorf("the longest windows over all of time: %+v", p)
	}
	for query, detail := range map[string]string{
		"&every=0s": "every", "&every=367d": "every", "&every=213504d": "every", "&every=-1h": "every", "&every=often": "every", "&every=1h&fn=median": "fn must be one of mean",
		"&from=now": "from must be a time", "&cursor=x": "cursor must be a time", "&limit=many": "limit", "&format=xml": "format must be one of json, csv",
		"&from=2026-11-24T00:00:00Z&to=2026-11-23T00:00:00Z": "from must lie before to",
	} {
		r.get(path+query).says(http.StatusBadRequest, detail)
	}
	r.get("/api/v1/stations/amata-01/readings").says(http.StatusBadRequest, "parameter is needed")
	r.get("/api/v1/stations/amata-01/readings?parameter=x'%20OR%201").says(http.StatusBadRequest, "not in the catalogue")
	r.get("/api/v1/stations/nowhere/readings?parameter=cod").says(http.StatusNotFound, "not found")
}

func timesOf(p historyPage) []string {
	var out []string
	for _, it := range p.Items {
		out = append(out, fmt.Sprint(it.Time.Unix(), "×", it.Count))
	}
	return out
}

func TestCSV(t *testing.T) {
	r := newRig(t, nil)
	r.aDay()
	const path = "/api/v1/stations/amata-01/readings?parameter=cod&format=csv"
	a := r.get(path + "&limit=12").is(http.StatusOK)
	lines := strings.Split(strings.TrimSpace(string(a.body)), "\n")
	if ct := a.header.Get("Content-Type"); ct != "text/csv; charset=utf-8" {
		t.Errorf("type %q", ct)
	}
	if len(lines) != 13 || lines[0] != "measured_at,value,raw,status,flags" || lines[1] != "2026-11-23T05:00:00Z,0,0,measuring,"+flagsOfFirst(lines[1]) || lines[12] != "2026-11-23T05:55:00Z,,9999,measuring,"+flagsOfFirst(lines[12]) {
		t.Errorf("got %q", lines)
	}
	if next := a.header.Get("X-Next-Cursor"); next != "2026-11-23T06:00:00Z" {
		t.Errorf("next page at %q", next)
	}
	a = r.get(path + "&every=1h&fn=max").is(http.StatusOK)
	if lines = strings.Split(string(a.body), "\n"); lines[0] != "time,value,count" || lines[1] != "2026-11-23T05:00:00Z,10,11" || a.header.Get("X-Next-Cursor") != "" {
		t.Errorf("windows: %q", lines[:2])
	}
}

// flagsOfFirst is the last cell of a line: what a reading is flagged with is no matter of this package.
func flagsOfFirst(line string) string {
	cells := strings.SplitN(line, ",", 5)
	return cells[len(cells)-1]
}
