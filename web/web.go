// Package web is what people and programs see: the HTTP API, the websocket, the page, the metrics.
//
// It promises: nothing is answered as stored before it is on disk; a slow websocket client never slows the others and never
// misses an alert while it is connected; without credentials there is only what Config.Anonymous allows; every error is an
// application/problem+json that says what to do. The API is described by /api/openapi.json, the websocket and MQTT by
// /api/asyncapi.json; tests hold both against the code.
//
// Everything behind it arrives as function values in Config, so that the package knows no leaf.
package web

import (
	"context"
	"encoding/json"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"quantrac/alerts"
	"quantrac/geo"
	"quantrac/ingest"
)

// Config is what a Server is made of. All functions must be safe for concurrent use.
type Config struct {
	Version string
	Demo    bool
	// Anonymous is the role of a request without credentials.
	Anonymous Role
	Tokens    *Tokens
	Accounts  *Accounts
	// PublicURL is where people find the page; Secure says that they come by https, so that their cookies go nowhere else.
	PublicURL string
	Secure    bool
	// Origins may open the websocket beside the page's own.
	Origins   []string
	Logger    *slog.Logger
	Now       func() time.Time
	Gatherer  prometheus.Gatherer
	Page      fs.FS // nil = the page was not built
	Basemap   Basemap
	Registry  func() *geo.Registry
	Places    Places
	Upstream  Upstream
	Catalogue *ingest.Catalogue
	Live      *alerts.Live
	Hub       *Hub

	// Accept takes a delivery; nil means on disk. ErrTooLarge means that the log cannot carry it.
	Accept func(ctx context.Context, d ingest.Delivery) (ingest.Receipt, error)
	// MaxBody is the largest body that the log can carry, in bytes, where that is less than ingest.MaxBody; nil = it is not.
	MaxBody func() int
	Look    func(d ingest.Delivery) *ingest.Intake
	// Explain lists the names that Look did not know; Propose says what a name may mean, best first.
	Explain func(in *ingest.Intake) []ingest.Unknown
	Propose func(kind, name, station string) []ingest.Proposal

	History    History
	Alerts     Alerts
	Quarantine Quarantine
	Ledger     func(ctx context.Context, q LedgerQuery) (any, error)
	Quality    Quality
	Conflicts  func(ctx context.Context, q ConflictQuery) (items []Conflict, next string, err error)
	Gateways   Gateways
	Mutes      Mutes
	Aliases    Aliases
	Rules      Rules
	Limits     Limits
	Webhooks   Webhooks
	Mails      Mails
	Audit      Audit
	Hotspots   func() any // a GeoJSON FeatureCollection
	Readiness  func(ctx context.Context) []Dependency
}

// History reads stored readings.
type History struct {
	Raw     func(ctx context.Context, q RawQuery) ([]RawRow, error)
	Windows func(ctx context.Context, q WindowQuery) ([]WindowRow, error)
	// Columns visits each station of the query once, in its order.
	Columns func(ctx context.Context, q ColumnQuery, visit func(station string, trails []alerts.Trail) error) error
}

// RawQuery asks for at most Limit rows of one parameter, ascending, From inclusive, To exclusive.
type RawQuery struct {
	Station, Parameter string
	From, To           time.Time
	Limit              int
	// Marked leaves only rows that a chart marks: measured while the device did not measure, late, or revised.
	Marked bool
}

// RawRow is one stored reading. Value is nil unless it is usable; Raw is the number, if there is one.
type RawRow struct {
	MeasuredAt time.Time     `json:"measured_at"`
	Value      *float64      `json:"value"`
	Raw        *float64      `json:"raw"`
	Status     ingest.Status `json:"status"`
	Flags      ingest.Flags  `json:"flags"`
}

// ColumnQuery asks for everything that is stored of the parameters of stations, From inclusive, To exclusive.
type ColumnQuery struct {
	Stations []*geo.Station
	From, To time.Time
}

// WindowQuery asks for one figure for each window of Every.
type WindowQuery struct {
	RawQuery
	Every time.Duration
	// Offset moves the beginnings of the windows, from 0 up to Every.
	Offset time.Duration
	// Fn is mean, min, max, count, first or last.
	Fn string
}

// WindowRow is the figure of the window that begins at Time.
type WindowRow struct {
	Time  time.Time `json:"time"`
	Value *float64  `json:"value"`
	Count int64     `json:"count"`
}

// Alerts reads the journal.
type Alerts struct {
	List func(q alerts.Query) ([]alerts.Alert, string, error)
	Open func() []alerts.Alert
	Get  func(ctx context.Context, id string) (alerts.Alert, []alerts.Event, bool, error)
	// Notices lists what was sent about an alert, oldest first.
	Notices func(ctx context.Context, id string) ([]Notice, error)
	// Act does what an officer decided and returns the alert as it is then. It answers alerts.ErrOver with the alert that has ended,
	// and ErrNotFound.
	Act func(ctx context.Context, id string, act alerts.Act) (alerts.Alert, error)
}

// Notice is one try to tell a recipient about an alert.
type Notice struct {
	At       time.Time `json:"at"`
	Webhook  string    `json:"webhook"`
	Name     string    `json:"name"`
	Event    string    `json:"event"`
	Delivery string    `json:"delivery"`
	Attempt  int       `json:"attempt"`
	Status   int       `json:"status"`
	Result   string    `json:"result"`
	Error    string    `json:"error,omitempty"`
}

// Webhooks manages recipients. Bodies are the JSON of the request; answers are encoded as they are. An error that is a
// *Invalid answers 422, ErrNotFound 404.
type Webhooks struct {
	List   func() any
	Get    func(id string) (any, error)
	Create func(ctx context.Context, body json.RawMessage) (any, error)
	Update func(ctx context.Context, id string, body json.RawMessage) (any, error)
	Delete func(ctx context.Context, id string) error
	Test   func(ctx context.Context, id string) (any, error)
	// Deliveries are those in a state, pending, dead or delivered; "" = all.
	Deliveries func(ctx context.Context, id, state, cursor string, limit int) (items any, next string, err error)
	Redeliver  func(ctx context.Context, delivery string) (any, error)
	// RedeliverSince sends again what was queued since, and says how many that are.
	RedeliverSince func(ctx context.Context, id string, since time.Time) (int, error)
	// Rotate answers with a new secret; the old one signs too for a day.
	Rotate  func(ctx context.Context, id string) (any, error)
	Preview func(ctx context.Context, id string) (any, error)
	// Link makes the token of the recipient's own page, Unlink takes it back.
	Link   func(ctx context.Context, id string) (string, error)
	Unlink func(ctx context.Context, id string) error
	// What follows is for the holder of such a token. A wrong one answers ErrNotFound.
	ByLink         func(token string) (any, error)
	LinkDeliveries func(ctx context.Context, token, state, cursor string, limit int) (items any, next string, err error)
	LinkRedeliver  func(ctx context.Context, token, delivery string) (any, error)
}

// Dependency is one thing that the service needs, as /readyz shows it.
type Dependency struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	// Needed: without it readings cannot be accepted durably.
	Needed bool   `json:"needed"`
	Detail string `json:"detail,omitempty"`
}

// Server answers HTTP.
type Server struct {
	cfg     Config
	auth    *authenticator
	foreign *http.CrossOriginProtection
	tickets *tickets
	mux     *http.ServeMux
	routes  []string
	// gateways is held during a change of a gateway and of what If-Match was compared with.
	gateways sync.Mutex
	// rules is the same for rules. backtesting is held while a backtest runs.
	rules, backtesting sync.Mutex
	// places is the same for parks, stations and imports.
	places sync.Mutex
	// playing holds a value while the past is read for somebody: it takes memory and most of a core.
	playing chan struct{}
	packed  packed
}

// New makes a server. It does no I/O.
func New(cfg Config) *Server {
	s := &Server{cfg: cfg, auth: newAuthenticator(cfg), tickets: newTickets(cfg.Now), mux: http.NewServeMux(), playing: make(chan struct{}, 1)}
	s.foreign = http.NewCrossOriginProtection()
	for _, origin := range cfg.Origins {
		if err := s.foreign.AddTrustedOrigin(origin); err != nil {
			cfg.Logger.Warn("an origin that no page can have is left out", "origin", origin, "error", err)
		}
	}
	cfg.Accounts.ended = func(sessions []string) { cfg.Hub.revoke("the session has ended", sessions...) }
	s.register()
	return s
}

// Routes lists what is answered, as "METHOD /path", without the page: the API's description is held against it.
func (s *Server) Routes() []string { return s.routes }

func (s *Server) register() {
	open := func(pattern string, h http.Handler) {
		s.routes = append(s.routes, pattern)
		s.mux.Handle(pattern, h)
	}
	api := func(role Role, pattern string, h handler) {
		s.routes = append(s.routes, pattern)
		s.mux.Handle(pattern, s.guard(role, h))
	}
	open("GET /healthz", http.HandlerFunc(s.healthz))
	open("GET /readyz", http.HandlerFunc(s.readyz))
	open("GET /metrics", promhttp.HandlerFor(s.cfg.Gatherer, promhttp.HandlerOpts{MaxRequestsInFlight: scrapesAtOnce}))
	open("GET /api/openapi.json", describe("openapi.json"))
	open("GET /api/asyncapi.json", describe("asyncapi.json"))
	open("GET /ws", http.HandlerFunc(s.websocket))
	s.mux.HandleFunc("GET /basemap/{file...}", s.basemapFile)
	s.mux.HandleFunc("/", s.page)

	api(Viewer, "GET /api/v1/info", s.info)
	api(Viewer, "GET /api/v1/parameters", s.parameters)
	api(Viewer, "GET /api/v1/basemap", s.basemap)
	api(Viewer, "GET /api/v1/rivers", s.rivers)
	api(Viewer, "GET /api/v1/parks", s.listParks)
	api(Viewer, "GET /api/v1/parks/{id}", s.getPark)
	api(Admin, "PUT /api/v1/parks/{id}", s.putPlace(geo.ParkEdit, s.writePark))
	api(Admin, "DELETE /api/v1/parks/{id}", s.deletePlace(geo.ParkEdit))
	api(Viewer, "GET /api/v1/stations", s.listStations)
	api(Admin, "PUT /api/v1/stations/{id}", s.putPlace(geo.StationEdit, s.writeStation))
	api(Admin, "DELETE /api/v1/stations/{id}", s.deletePlace(geo.StationEdit))
	api(Admin, "GET /api/v1/registry.geojson", s.exportRegistry)
	api(Admin, "GET /api/v1/registry/edits", s.listEdits)
	api(Admin, "DELETE /api/v1/registry/edits/{kind}/{id}", s.revertEdit)
	api(Admin, "POST /api/v1/registry/preview", s.previewImport)
	api(Admin, "POST /api/v1/registry/import", s.importPlaces)
	api(Viewer, "GET /api/v1/stations/{id}", s.getStation)
	api(Viewer, "GET /api/v1/stations/{id}/passport", s.passport)
	api(Viewer, "GET /api/v1/stations/{id}/readings", s.readings)
	api(Viewer, "GET /api/v1/alerts", s.listAlerts)
	api(Viewer, "GET /api/v1/alerts/{id}", s.getAlert)
	api(Viewer, "GET /api/v1/alerts/{id}/upstream", s.upstream)
	api(Officer, "POST /api/v1/alerts/{id}/acknowledge", s.act(alerts.Acknowledged))
	api(Officer, "POST /api/v1/alerts/{id}/comments", s.act(alerts.Commented))
	api(Officer, "POST /api/v1/alerts/{id}/assign", s.act(alerts.Assigned))
	api(Officer, "POST /api/v1/alerts/{id}/close", s.act(alerts.Closed))
	api(Viewer, "GET /api/v1/silences", s.listMutes(alerts.MuteSilence))
	api(Officer, "POST /api/v1/silences", s.createMute(alerts.MuteSilence))
	api(Officer, "DELETE /api/v1/silences/{id}", s.endMute)
	api(Viewer, "GET /api/v1/maintenance", s.listMutes(alerts.MuteMaintenance))
	api(Admin, "POST /api/v1/maintenance", s.createMute(alerts.MuteMaintenance))
	api(Admin, "DELETE /api/v1/maintenance/{id}", s.endMute)
	api(Viewer, "GET /api/v1/rules", s.listRules)
	api(Viewer, "GET /api/v1/rules/{id}", s.getRule)
	api(Admin, "PUT /api/v1/rules/{id}", s.putRule)
	api(Admin, "DELETE /api/v1/rules/{id}", s.deleteRule)
	api(Viewer, "POST /api/v1/rules/{id}/check", s.checkRule)
	api(Officer, "POST /api/v1/rules/{id}/backtest", s.backtest)
	api(Viewer, "GET /api/v1/limits", s.listLimits)
	api(Admin, "POST /api/v1/limits/{id}/verify", s.verifyLimits)
	api(Admin, "PUT /api/v1/limits/{id}/verify", s.verifyLimits)
	api(Admin, "DELETE /api/v1/limits/{id}/verify", s.unverifyLimits)
	api(Viewer, "GET /api/v1/hotspots", s.hotspots)
	api(Viewer, "GET /api/v1/playback", s.playback)
	api(Viewer, "GET /api/v1/playback/overview", s.playbackOverview)
	api(Viewer, "GET /api/v1/ledger", s.ledger)
	api(Viewer, "GET /api/v1/quality", s.quality)
	api(Viewer, "GET /api/v1/quality/gaps", s.qualityGaps)
	api(Viewer, "GET /api/v1/stations/{id}/quality", s.qualityStrip)
	api(Viewer, "POST /api/v1/decode", s.decode)
	api(Viewer, "POST /api/v1/ws-ticket", s.ticket)
	api(Officer, "POST /api/v1/readings", s.postReadings)
	api(Viewer, "GET /api/v1/quarantine", s.listQuarantine)
	api(Viewer, "GET /api/v1/quarantine/{id}", s.getQuarantined)
	api(Admin, "POST /api/v1/quarantine/{id}/retry", s.retryQuarantined)
	api(Viewer, "GET /api/v1/stations/{id}/conflicts", s.listConflicts)
	api(Admin, "GET /api/v1/gateways", s.listGateways)
	api(Admin, "GET /api/v1/gateways/{id}", s.getGateway)
	api(Admin, "PUT /api/v1/gateways/{id}", s.putGateway)
	api(Admin, "DELETE /api/v1/gateways/{id}", s.deleteGateway)
	api(Admin, "POST /api/v1/gateways/{id}/rotate", s.rotateGateway)
	api(Admin, "GET /api/v1/aliases", s.listAliases)
	api(Admin, "POST /api/v1/aliases", s.createAlias)
	api(Admin, "DELETE /api/v1/aliases/{id}", s.deleteAlias)
	api(Admin, "GET /api/v1/webhooks", s.listWebhooks)
	api(Admin, "POST /api/v1/webhooks", s.createWebhook)
	api(Admin, "GET /api/v1/webhooks/{id}", s.getWebhook)
	api(Admin, "PUT /api/v1/webhooks/{id}", s.updateWebhook)
	api(Admin, "DELETE /api/v1/webhooks/{id}", s.deleteWebhook)
	api(Admin, "POST /api/v1/webhooks/{id}/test", s.testWebhook)
	api(Admin, "POST /api/v1/webhooks/{id}/rotate", s.rotateWebhook)
	api(Admin, "GET /api/v1/webhooks/{id}/preview", s.previewWebhook)
	api(Admin, "POST /api/v1/webhooks/{id}/link", s.linkWebhook)
	api(Admin, "DELETE /api/v1/webhooks/{id}/link", s.unlinkWebhook)
	api(Admin, "POST /api/v1/webhooks/{id}/redeliver", s.redeliverSince)
	api(NoRole, "GET /api/v1/recipient/{token}", s.recipient)
	api(NoRole, "GET /api/v1/recipient/{token}/deliveries", s.recipientDeliveries)
	api(NoRole, "POST /api/v1/recipient/{token}/deliveries/{id}/redeliver", s.recipientRedeliver)
	api(Admin, "GET /api/v1/webhooks/{id}/deliveries", s.listDeliveries)
	api(Admin, "POST /api/v1/deliveries/{id}/redeliver", s.redeliver)
	api(Admin, "GET /api/v1/mails", s.listMails)
	api(Admin, "POST /api/v1/mails", s.createMail)
	api(Admin, "GET /api/v1/mails/{id}", s.getMail)
	api(Admin, "PUT /api/v1/mails/{id}", s.updateMail)
	api(Admin, "DELETE /api/v1/mails/{id}", s.deleteMail)
	api(Admin, "POST /api/v1/mails/{id}/test", s.testMail)
	api(Admin, "GET /api/v1/mails/{id}/preview", s.previewMail)
	api(Admin, "GET /api/v1/mails/{id}/deliveries", s.listMailDeliveries)
	api(Admin, "POST /api/v1/mail-deliveries/{id}/redeliver", s.redeliverMail)
	api(Admin, "GET /api/v1/tokens", s.listTokens)
	api(Admin, "POST /api/v1/tokens", s.createToken)
	api(Admin, "DELETE /api/v1/tokens/{id}", s.deleteToken)
	api(Admin, "GET /api/v1/audit", s.listAudit)
	api(NoRole, "POST /api/v1/session", s.signIn)
	api(Viewer, "DELETE /api/v1/session", s.signOut)
	api(Viewer, "PUT /api/v1/session/password", s.changePassword)
	api(NoRole, "POST /api/v1/invitation", s.peekInvitation)
	api(Admin, "GET /api/v1/users", s.listUsers)
	api(Admin, "POST /api/v1/users", s.createUser)
	api(Admin, "GET /api/v1/users/{id}", s.getUser)
	api(Admin, "PUT /api/v1/users/{id}", s.updateUser)
	api(Admin, "DELETE /api/v1/users/{id}", s.deleteUser)
	api(Admin, "POST /api/v1/users/{id}/reset", s.resetUser)
	s.mux.HandleFunc("/api/", s.noRoute)
}

// scrapesAtOnce bounds the work that /metrics, which is open to all, can be made to do.
const scrapesAtOnce = 4

// noRoute answers what no pattern of the API takes: 405 where another method would do, else 404.
func (s *Server) noRoute(w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := s.mux.Handler(other); pattern != "/api/" {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) > 0 {
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		problem(w, http.StatusMethodNotAllowed, r.URL.Path+" takes "+strings.Join(allowed, ", "))
		return
	}
	problem(w, http.StatusNotFound, "there is no "+r.URL.Path+"; see /api/openapi.json")
}
