package web

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"quantrac/ingest"
)

// refusal is a problem that says what became of the parts of a delivery; it is on disk all the same.
type refusal struct {
	problemBody
	ingest.Receipt
}

// postReadings is the HTTP door: 202 when anything was stored, 422 when nothing was; in both cases all of it is on disk.
func (s *Server) postReadings(w http.ResponseWriter, r *http.Request) error {
	d, err := s.delivery(r)
	if err != nil {
		return err
	}
	if err := s.mayReport(r, d); err != nil {
		return err
	}
	detail := s.tooLarge()
	receipt, err := s.cfg.Accept(r.Context(), d)
	if errors.Is(err, ErrTooLarge) {
		// Its beginning is kept, as of every body that is too large.
		detail, d = "with what can be read out of it the body is larger than the log can carry", beginningOf(d)
		receipt, err = s.cfg.Accept(r.Context(), d)
	}
	if err != nil {
		return err
	}
	if receipt.Rejected == nil {
		receipt.Rejected = []ingest.Reject{}
	}
	switch {
	case d.TooLarge:
		refuse(w, http.StatusRequestEntityTooLarge, detail+"; its beginning is in quarantine: send less at a time", receipt)
	case receipt.NothingDecoded():
		refuse(w, http.StatusUnprocessableEntity, "nothing in it could be used; it is in quarantine: do not resend", receipt)
	default:
		writeJSON(w, http.StatusAccepted, receipt)
	}
	return nil
}

// mayReport looks into the delivery of a caller who may act in some parks only: nothing of it is kept when it speaks for another.
func (s *Server) mayReport(r *http.Request, d ingest.Delivery) error {
	if callerOf(r).parks == nil {
		return nil
	}
	in := s.cfg.Look(d)
	for i := range in.Readings {
		if err := s.stationInScope(r, in.Readings[i].Station); err != nil {
			return err
		}
	}
	return nil
}

func refuse(w http.ResponseWriter, status int, detail string, receipt ingest.Receipt) {
	writeProblem(w, status, refusal{newProblem(status, detail), receipt})
}

func (s *Server) tooLarge() string {
	return fmt.Sprintf("the body is larger than %d bytes", s.maxBody())
}

// maxBody is the largest body of a delivery, in bytes.
func (s *Server) maxBody() int {
	if s.cfg.MaxBody == nil {
		return ingest.MaxBody
	}
	return min(ingest.MaxBody, s.cfg.MaxBody())
}

// delivery reads the body of a request, or the first part of one that is too large.
func (s *Server) delivery(r *http.Request) (ingest.Delivery, error) {
	most := s.maxBody()
	body, err := io.ReadAll(io.LimitReader(r.Body, int64(most)+1))
	if err != nil {
		return ingest.Delivery{}, fail(http.StatusBadRequest, "the body could not be read whole: "+err.Error())
	}
	d := ingest.Delivery{Door: "http", Gateway: callerOf(r).name, ReceivedAt: s.cfg.Now().UTC(), Body: body}
	if len(body) > most {
		d = beginningOf(d)
	}
	return d, nil
}

func beginningOf(d ingest.Delivery) ingest.Delivery {
	n := min(len(d.Body), ingest.KeptTooLarge)
	d.Body, d.TooLarge = d.Body[:n:n], true
	return d
}

type decodedReading struct {
	Station    string        `json:"station"`
	Parameter  string        `json:"parameter"`
	Value      *float64      `json:"value"`
	Unit       string        `json:"unit"`
	Status     ingest.Status `json:"status"`
	Flags      ingest.Flags  `json:"flags"`
	MeasuredAt time.Time     `json:"measured_at"`
}

type decodedReject struct {
	Reason string `json:"reason"`
	Detail string `json:"detail"`
}

// decode shows what a payload would become, and stores nothing.
func (s *Server) decode(w http.ResponseWriter, r *http.Request) error {
	d, err := s.delivery(r)
	if err != nil {
		return err
	}
	if d.TooLarge {
		return fail(http.StatusRequestEntityTooLarge, s.tooLarge())
	}
	q := r.URL.Query()
	d.Topic = cmp.Or(q.Get("topic"), q.Get("filename"))
	if d.ReceivedAt, err = instant(q.Get("now"), d.ReceivedAt, "now"); err != nil {
		return err
	}
	in := s.cfg.Look(d)
	out := struct {
		Dialect  string           `json:"dialect"`
		Readings []decodedReading `json:"readings"`
		Rejected []decodedReject  `json:"rejected"`
		Unknown  []ingest.Unknown `json:"unknown"`
	}{in.Dialect, []decodedReading{}, []decodedReject{}, s.cfg.Explain(in)}
	for i := range in.Readings {
		out.Readings = append(out.Readings, decodedOf(&in.Readings[i]))
	}
	for _, rej := range in.Rejects {
		out.Rejected = append(out.Rejected, decodedReject{rej.Reason, rej.Detail})
	}
	for i := range in.Aged {
		out.Readings = append(out.Readings, decodedOf(&in.Aged[i]))
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

func decodedOf(r *ingest.Reading) decodedReading {
	d := decodedReading{r.Station, r.Parameter, nil, r.Unit, r.Status, r.Flags, r.MeasuredAt}
	if r.HasNumber() {
		d.Value = &r.Value
	}
	return d
}

// readings answers history, raw or in windows, as JSON or CSV.
func (s *Server) readings(w http.ResponseWriter, r *http.Request) error {
	q, err := s.rawQuery(r)
	if err != nil {
		return err
	}
	format := r.URL.Query().Get("format")
	if err := oneOf("format", format, "json", "csv"); err != nil {
		return err
	}
	csvWanted := format == "csv"
	every := r.URL.Query().Get("every")
	if every != "" {
		return s.windows(w, r, q, csvWanted)
	}
	only := r.URL.Query().Get("only")
	if err := oneOf("only", only, "marked"); err != nil {
		return err
	}
	q.Marked = only != ""
	return s.rawReadings(w, r, q, csvWanted)
}

func (s *Server) windows(w http.ResponseWriter, r *http.Request, q RawQuery, csvWanted bool) error {
	v := r.URL.Query()
	wq := WindowQuery{RawQuery: q, Fn: cmp.Or(v.Get("fn"), "mean")}
	if err := oneOf("fn", wq.Fn, "mean", "min", "max", "count", "last", "first"); err != nil {
		return err
	}
	var err error
	if wq.Every, err = parseEvery(v.Get("every")); err != nil {
		return err
	}
	if wq.Offset, err = parseOffset(v.Get("offset"), wq.Every); err != nil {
		return err
	}
	wq.To = endOfPage(&wq)
	rows, err := s.cfg.History.Windows(r.Context(), wq)
	if err != nil {
		return err
	}
	next := ""
	if wq.To.Before(q.To) {
		next = stamp(wq.To)
	}
	if csvWanted {
		return writeCSV(w, next, []string{"time", "value", "count"}, len(rows), func(i int) []string {
			return []string{stamp(rows[i].Time), number(rows[i].Value), strconv.FormatInt(rows[i].Count, 10)}
		})
	}
	if rows == nil {
		rows = []WindowRow{}
	}
	writeJSON(w, http.StatusOK, newList(rows, next))
	return nil
}

// endOfPage is the end of the q.Limit windows that the page may hold, where that comes before q.To. Windows are aligned to
// the Unix epoch and moved by the offset, so it is the beginning of a window, and none is split between two pages. It also bounds
// what history scans.
func endOfPage(q *WindowQuery) time.Time {
	into := (time.Duration(q.From.UnixNano()) - q.Offset + q.Every) % q.Every // all are from 1970 on, see within
	begin := q.From.Add(-into)
	if span := q.To.Sub(begin); int64(span/q.Every) < int64(q.Limit) {
		return q.To
	}
	return begin.Add(time.Duration(q.Limit) * q.Every)
}

func (s *Server) rawReadings(w http.ResponseWriter, r *http.Request, q RawQuery, csvWanted bool) error {
	most := q.Limit
	q.Limit++
	rows, err := s.cfg.History.Raw(r.Context(), q)
	if err != nil {
		return err
	}
	next := ""
	if len(rows) > most {
		next = stamp(rows[most].MeasuredAt)
		rows = rows[:most]
	}
	if csvWanted {
		return writeCSV(w, next, []string{"measured_at", "value", "raw", "status", "flags"}, len(rows), func(i int) []string {
			return []string{stamp(rows[i].MeasuredAt), number(rows[i].Value), number(rows[i].Raw), rows[i].Status.String(), rows[i].Flags.String()}
		})
	}
	if rows == nil {
		rows = []RawRow{}
	}
	writeJSON(w, http.StatusOK, newList(rows, next))
	return nil
}

func (s *Server) rawQuery(r *http.Request) (RawQuery, error) {
	v := r.URL.Query()
	q := RawQuery{Station: r.PathValue("id"), Parameter: v.Get("parameter"), To: s.cfg.Now().UTC()}
	if _, ok := s.cfg.Registry().Station(q.Station); !ok {
		return q, ErrNotFound
	}
	if q.Parameter == "" {
		return q, fail(http.StatusBadRequest, "parameter is needed, for example ?parameter=cod")
	}
	if _, ok := s.cfg.Catalogue.Parameter(q.Parameter); !ok {
		return q, fail(http.StatusBadRequest, "parameter "+strconv.Quote(q.Parameter)+" is not in the catalogue; see /api/v1/parameters")
	}
	var err error
	if q.Limit, err = limit(r, usualReadings, mostReadings); err != nil {
		return q, err
	}
	if q.To, err = instant(v.Get("to"), q.To, "to"); err != nil {
		return q, err
	}
	if q.From, err = instant(v.Get("from"), q.To.Add(-24*time.Hour), "from"); err != nil {
		return q, err
	}
	if q.From, err = instant(v.Get("cursor"), q.From, "cursor"); err != nil {
		return q, err
	}
	q.From, q.To = within(q.From), within(q.To)
	if !q.From.Before(q.To) {
		return q, fail(http.StatusBadRequest, "from must lie before to")
	}
	return q, nil
}

// within moves t into 1970 to 2200, where every reading lies and whose times fit into nanoseconds since 1970.
func within(t time.Time) time.Time {
	first, last := time.Unix(0, 0).UTC(), time.Date(2200, time.January, 1, 0, 0, 0, 0, time.UTC)
	switch {
	case t.Before(first):
		return first
	case t.After(last):
		return last
	}
	return t
}

func instant(text string, otherwise time.Time, name string) (time.Time, error) {
	if text == "" {
		return otherwise, nil
	}
	// A + that is not written %2B arrives as a blank, which no time has.
	t, err := time.Parse(time.RFC3339Nano, strings.Replace(text, " ", "+", 1))
	if err != nil {
		return t, fail(http.StatusBadRequest, name+" must be a time like 2026-11-24T06:05:00Z")
	}
	return t.UTC(), nil
}

// parseEvery reads a window length: a Go duration, or whole days like 1d.
func parseEvery(text string) (time.Duration, error) {
	const day, longest = 24 * time.Hour, 366 * 24 * time.Hour
	d, err := time.ParseDuration(text)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var n uint64
		n, err = strconv.ParseUint(days, 10, 16) // 16 bits of days do not overflow
		d = time.Duration(n) * day
	}
	if err != nil || d < time.Second || d > longest {
		return 0, fail(http.StatusBadRequest, "every must be a length of time from 1s to 366d, like 5m, 1h or 1d")
	}
	return d, nil
}

// parseOffset reads how far windows begin behind the epoch: with 17h a day begins at midnight in Viet Nam.
func parseOffset(text string, every time.Duration) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d >= every || d%time.Second != 0 {
		return 0, fail(http.StatusBadRequest, "offset must be whole seconds from 0s up to every, like 17h")
	}
	return d, nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

func number(v *float64) string {
	if v == nil {
		return ""
	}
	return strconv.FormatFloat(*v, 'g', -1, 64)
}

// writeCSV writes a table; the cursor of the next page goes into a header, as the body has no room for it.
func writeCSV(w http.ResponseWriter, next string, head []string, n int, row func(i int) []string) error {
	var b bytes.Buffer
	c := csv.NewWriter(&b)
	err := c.Write(head)
	for i := range n {
		err = errors.Join(err, c.Write(row(i)))
	}
	c.Flush()
	if err = errors.Join(err, c.Error()); err != nil {
		return err
	}
	if next != "" {
		w.Header().Set("X-Next-Cursor", next)
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	_, _ = w.Write(b.Bytes())
	return nil
}
