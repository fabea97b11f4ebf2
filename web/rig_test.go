package web

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/prometheus/client_golang/prometheus"

	"quantrac/alerts"
	"quantrac/alerts/journal"
	"quantrac/alerts/webhook"
	"quantrac/geo"
	"quantrac/ingest"
	"quantrac/ingest/broker"
	"quantrac/ingest/dialect"
	"quantrac/ingest/history"
	"quantrac/ingest/quarantine"
	"quantrac/ingest/stream"
	"quantrac/web/audit"
)

const bootstrap = "bootstrap-of-the-tests"

// noon is the present of every rig, until it moves.
var noon = time.Date(2026, time.November, 24, 5, 0, 0, 0, time.UTC)

// rig is the whole of the service behind real handlers, without cmd: door, log, history, engine, live view, webhooks.
type rig struct {
	t        *testing.T
	cfg      Config
	server   *Server
	http     *httptest.Server
	contract *contract
	log      *stream.Log
	bucket   *stream.Bucket
	sender   *webhook.Sender
	gateways *broker.Gateways
	logins   int
	now      atomic.Pointer[time.Time]
	deps     atomic.Pointer[[]Dependency]
	logs     logBuffer
}

type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func smallRegistry(t *testing.T) *geo.Registry {
	t.Helper()
	station := func(id, park string, kind geo.Kind, at geo.Point) geo.Station {
		return geo.Station{
			ID: id, Name: geo.Text{VI: "Trạm " + id, EN: "Station " + id}, Park: park, Kind: kind, Location: at,
			Parameters: []string{"ph", "cod", "tss", "flow_out"}, Limits: []geo.Assignment{{Set: "qcvn40-2011", Column: "A", Kq: 1, Kf: 1}},
		}
	}
	park := func(id string, at geo.Point) geo.Park {
		return geo.Park{ID: id, Name: geo.Text{VI: "KCN " + id, EN: id + " Park"}, Location: at, PrecisionKM: 1}
	}
	reg, problems := geo.NewRegistry(geo.File{
		Title: geo.Text{VI: "Thử", EN: "Test"},
		Parks: []geo.Park{park("amata", geo.Point{106.894, 10.945}), park("loteco", geo.Point{106.891, 10.929})},
		Stations: []geo.Station{
			station("amata-01", "amata", geo.Effluent, geo.Point{106.894, 10.942}), station("amata-02", "amata", geo.Effluent, geo.Point{106.893, 10.940}),
			station("loteco-01", "loteco", geo.Effluent, geo.Point{106.891, 10.920}), station("river-01", "", geo.SurfaceWater, geo.Point{107.100, 11.100}),
		},
	})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return reg
}

func newRig(t *testing.T, change func(*Config)) *rig {
	t.Helper()
	r := &rig{t: t, contract: theContract(t)}
	r.now.Store(&noon)
	r.deps.Store(&[]Dependency{{Name: "stream", OK: true, Needed: true}})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	run := func(f func(context.Context) error) {
		running.Go(func() {
			if err := f(ctx); err != nil && ctx.Err() == nil {
				t.Error(err)
			}
		})
	}
	dir := t.TempDir()
	r.open(ctx, run, dir)
	if change != nil {
		change(&r.cfg)
	}
	r.server = New(r.cfg)
	r.http = httptest.NewServer(r.server.Handler())
	t.Cleanup(func() {
		r.cfg.Hub.Close()
		r.http.CloseClientConnections()
		r.http.Close()
		cancel()
		running.Wait()
		if err := r.log.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// open wires the parts as cmd does.
func (r *rig) open(ctx context.Context, run func(func(context.Context) error), dir string) {
	t := r.t
	t.Helper()
	reg, cat := smallRegistry(t), ingest.BuiltinCatalogue()
	logger := slog.New(slog.NewTextHandler(&r.logs, nil))
	r.log = must[*stream.Log](t)(stream.Open(ctx, stream.Options{Dir: filepath.Join(dir, "stream"), Logger: logger}))
	store := must[*history.Embedded](t)(history.OpenEmbedded(filepath.Join(dir, "history")))
	t.Cleanup(func() { _ = store.Close() })
	limits := alerts.BuiltinLimits()
	live := alerts.NewLive(alerts.LiveConfig{Registry: reg, Limits: limits})
	book := must[*journal.Journal](t)(journal.Open(ctx, r.log))
	mutes := must[*journal.Mutes](t)(journal.OpenMutes(ctx, r.log, r.clock()))
	engine := alerts.NewEngine(alerts.EngineConfig{Rules: alerts.BuiltinRules(), Limits: limits, Registry: reg, Catalogue: cat, BaseURL: "http://quantrac.example"})
	judge, judged, err := journal.OpenJudge(ctx, r.log, journal.JudgeConfig{Engine: engine, Journal: book, Now: r.clock, Mutes: mutes.Current})
	if err != nil {
		t.Fatal(err)
	}
	refused := must[*quarantine.Store](t)(quarantine.Open(ctx, quarantine.Options{Log: r.log}))
	r.bucket = must[*stream.Bucket](t)(r.log.Bucket(ctx, "tokens"))
	tokens := must[*Tokens](t)(OpenTokens(ctx, r.tokenStore(), bootstrap, r.clock))
	r.sender = must[*webhook.Sender](t)(webhook.Open(ctx, webhook.Options{
		Log: r.log, Events: book.Events, AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		LastEvent: func(context.Context) (uint64, error) { return book.LastSequence(), nil }, BaseURL: "http://quantrac.example", Logger: logger,
	}))
	r.gateways = r.openGateways(ctx, logger)
	hotspots := func() any {
		set, _ := live.SeekHotspots(r.clock())
		return set
	}
	law := &lawOf{judge: judge, live: live, store: store}
	law.reg.Store(reg)
	law.hub = NewHub(HubState{Stations: live.Stations, Alerts: book.Open, Hotspots: hotspots, Now: r.clock, Place: placeIn(law.reg.Load)}, NewMetrics(nil))
	hub := law.hub
	known := newNames()
	aliases := r.aliasesOf(known)
	door := &ingest.Door{
		Decode: dialect.Decode, Registry: law.reg.Load, Catalogue: cat, Mappings: known.index.Load, Append: r.log.Append,
	}
	gatherer := prometheus.NewRegistry()
	writer := history.NewWriter(store, func(id string) string { s, _ := law.reg.Load().Station(id); return s.Park }, history.NewMetrics(nil), logger)
	figures := openQuality(t, r.log, law.reg.Load, r.clock)
	clerk, booked := openBooks(t, r.log, store, writer, figures)
	openLaw(ctx, t, law, r.log, logger)
	r.cfg = Config{
		Rules: rulesOf(law), Limits: limitsOf(law),
		Accounts: r.openAccounts(ctx), PublicURL: "http://quantrac.example",
		Version: "test", Tokens: tokens, Logger: logger, Now: r.clock, Gatherer: gatherer, Registry: law.reg.Load, Places: placesFrom(law.place),
		Catalogue: cat, Live: live, Hub: hub, Accept: ingest.Submit(door.Submit).Accept, Look: door.Look,
		Explain: door.Explain, Propose: door.Propose, History: historyOf(store), Aliases: aliases,
		Gateways: gatewaysOf(r.gateways), Conflicts: conflictsOf(clerk),
		Alerts:     Alerts{List: book.List, Open: book.Open, Get: book.Get, Notices: r.notices, Act: actsOf(book)},
		Mutes:      mutesOf(mutes),
		Quarantine: quarantineOf(refused, door.Submit), Ledger: ledgerOf(clerk), Quality: qualityOf(figures), Webhooks: webhooksOf(r.sender), Hotspots: hotspots,
		Audit:     auditOf(must[*audit.Log](t)(audit.Open(ctx, r.log))),
		Readiness: func(context.Context) []Dependency { return *r.deps.Load() },
	}

	consume := func(c *stream.Cursor, handle stream.Handler) {
		run(func(ctx context.Context) error { return r.log.Consume(ctx, c, handle) })
	}
	consume(booked, clerk.Consume)
	consume(judged, judge.Consume)
	consume(refused.Cursor(), refused.Consume)
	consume(must[*stream.Cursor](t)(r.log.OpenCursor(ctx, "live")), func(_ context.Context, batches []stream.Batch) error {
		for _, b := range batches {
			for i := range b.Entries {
				items, changed := live.Apply(b.Entries[i].Readings)
				hub.Readings(items)
				for _, id := range changed {
					v, _ := live.Station(id)
					hub.Station(v)
				}
			}
		}
		return nil
	})
	run(r.log.Run)
	run(r.sender.Run)
	run(func(ctx context.Context) error {
		return book.Events(ctx, 0, func(_ uint64, events []alerts.Event) error {
			for _, ev := range events {
				hub.Alert(ev.Alert)
			}
			return nil
		})
	})
}

func placeIn(reg func() *geo.Registry) func(string) (string, geo.Point, bool) {
	return func(id string) (string, geo.Point, bool) {
		s, ok := reg().Station(id)
		if !ok {
			return "", geo.Point{}, false
		}
		return s.Park, s.Location, true
	}
}

func (r *rig) tokenStore() Store { return storeOf(r.bucket) }

func storeOf(b *stream.Bucket) Store { return Store{Put: b.Put, Delete: b.Delete, All: b.All} }

// openAccounts reads the accounts as they are stored.
func (r *rig) openAccounts(ctx context.Context) *Accounts {
	r.t.Helper()
	bucket := func(name string) Store { return storeOf(must[*stream.Bucket](r.t)(r.log.Bucket(ctx, name))) }
	return must[*Accounts](r.t)(OpenAccounts(ctx, AccountsConfig{
		Users: bucket("users"), Sessions: bucket("sessions"), Invitations: bucket("invitations"), Hash: broker.HashPassword, Verify: broker.VerifyPassword,
		Now: r.clock, Logger: slog.New(slog.NewTextHandler(&r.logs, nil)),
	}))
}

func (r *rig) clock() time.Time { return *r.now.Load() }

func (r *rig) pass(d time.Duration) {
	t := r.clock().Add(d)
	r.now.Store(&t)
}

// settle waits until every consumer has what was handed in.
func (r *rig) settle() {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 20*time.Second)
	defer cancel()
	r.log.WaitForConsumers(ctx)
	if ctx.Err() != nil {
		r.t.Fatal("the consumers do not catch up")
	}
}

// answer is a response that the contract allows.
type answer struct {
	t      *testing.T
	status int
	header http.Header
	body   []byte
}

// into decodes the answer after a look at its status.
func (a answer) into(status int, v any) answer {
	a.t.Helper()
	a.is(status)
	if err := json.Unmarshal(a.body, v); err != nil {
		a.t.Fatalf("%v in %s", err, a.body)
	}
	return a
}

func (a answer) is(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	return a
}

// says checks for a problem whose detail holds a text.
func (a answer) says(status int, detail string) answer {
	a.t.Helper()
	a.is(status)
	var p problemBody
	if err := json.Unmarshal(a.body, &p); err != nil || p.Status != status || !strings.Contains(p.Detail, detail) {
		a.t.Fatalf("want a problem that says %q: %s", detail, a.body)
	}
	return a
}

// do sends a request as token ("" = nobody) and holds the answer against openapi.json.
func (r *rig) do(token, method, path, body string) answer {
	r.t.Helper()
	return r.send(token, method, path, strings.NewReader(body))
}

func (r *rig) send(token, method, path string, body io.Reader) answer {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.http.URL+path, body)
	if err != nil {
		r.t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return r.exchange(req)
}

func (r *rig) exchange(req *http.Request) answer {
	r.t.Helper()
	return r.exchangeBy(http.DefaultClient, req)
}

func (r *rig) exchangeBy(client *http.Client, req *http.Request) answer {
	r.t.Helper()
	resp, err := client.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	a := answer{r.t, resp.StatusCode, resp.Header, b}
	r.contract.check(r.t, req, a)
	return a
}

func (r *rig) get(path string) answer {
	r.t.Helper()
	return r.do(bootstrap, http.MethodGet, path, "")
}

func (r *rig) post(path, body string) answer {
	r.t.Helper()
	return r.do(bootstrap, http.MethodPost, path, body)
}

// token makes a token of a role.
func (r *rig) token(name, role string) (id, token string) {
	r.t.Helper()
	var made struct{ ID, Token string }
	r.post("/api/v1/tokens", `{"name":"`+name+`","role":"`+role+`"}`).into(http.StatusCreated, &made)
	return made.ID, made.Token
}

// check holds an answer against the description; what that does not know must be a problem.
func (c *contract) check(t *testing.T, req *http.Request, a answer) {
	t.Helper()
	route, params, err := c.router.FindRoute(req)
	if err != nil {
		if a.status < http.StatusBadRequest {
			t.Errorf("%s %s is answered and not described", req.Method, req.URL)
		}
		c.checkProblem(t, a)
		return
	}
	c.mu.Lock()
	c.seen[fmt.Sprint(req.Method, " ", route.Path, " ", a.status)] = true
	c.mu.Unlock()
	in := &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: route}
	out := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: a.status, Header: a.header, Options: &openapi3filter.Options{IncludeResponseStatus: true},
	}
	out.SetBodyBytes(a.body)
	if err := openapi3filter.ValidateResponse(req.Context(), out); err != nil {
		t.Errorf("%s %s answered %d, which openapi.json does not allow: %v", req.Method, req.URL, a.status, err)
	}
}

func (c *contract) checkProblem(t *testing.T, a answer) {
	t.Helper()
	var p problemBody
	if ct := a.header.Get("Content-Type"); ct != "application/problem+json" {
		t.Errorf("an error of type %q: %s", ct, a.body)
	} else if err := json.Unmarshal(a.body, &p); err != nil || p.Status != a.status || p.Detail == "" || p.Type == "" || p.Title == "" {
		t.Errorf("not a problem: %s", a.body)
	}
}
