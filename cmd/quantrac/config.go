package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"quantrac/alerts"
	"quantrac/alerts/mail"
	"quantrac/ingest"
	"quantrac/web"
)

// config is everything that can be configured. The order is: default, file, environment, flag.
type config struct {
	Data     string         `yaml:"data"`
	HTTP     httpConfig     `yaml:"http"`
	Map      mapConfig      `yaml:"map"`
	MQTT     mqttConfig     `yaml:"mqtt"`
	Brokers  []brokerConfig `yaml:"brokers"`
	FTP      ftpConfig      `yaml:"ftp"`
	DropDir  string         `yaml:"drop_dir"`
	HJ212    hj212Config    `yaml:"hj212"`
	Influx   influxConfig   `yaml:"influx"`
	NATS     natsConfig     `yaml:"nats"`
	Stream   streamConfig   `yaml:"stream"`
	Registry string         `yaml:"registry"`
	Rules    string         `yaml:"rules"`
	Limits   string         `yaml:"limits"`
	Alerts   alertConfig    `yaml:"alerts"`
	Webhooks webhookConfig  `yaml:"webhooks"`
	// SMTP is the server that e-mails leave by, Recipients who gets them.
	SMTP       mail.Server `yaml:"smtp"`
	Recipients []mail.Spec `yaml:"recipients"`
	// Mappings say what names mean that vendors use; administrators add more by the API.
	Mappings  []ingest.Mapping `yaml:"mappings"`
	Simulator onOff            `yaml:"simulator"`
	Log       logConfig        `yaml:"log"`

	demo      bool
	bootstrap string
	// file is where all this stands, for faults that show only against the facts; nil = in no file.
	file *document
}

type httpConfig struct {
	Listen    string   `yaml:"listen"`
	Anonymous web.Role `yaml:"anonymous"`
	// PublicURL is where alerts link to; empty = http://LISTEN.
	PublicURL string   `yaml:"public_url"`
	Origins   []string `yaml:"origins"`
}

// mapConfig is what the page draws under the stations beyond its own drawing.
type mapConfig struct {
	Tiles       string `yaml:"tiles"`
	Attribution string `yaml:"attribution"`
	MinZoom     int    `yaml:"min_zoom"`
	MaxZoom     int    `yaml:"max_zoom"`
	// Detail is a folder; see docs/map.md.
	Detail string `yaml:"detail"`
}

func (m *mapConfig) basemap() web.Basemap {
	return web.Basemap{Tiles: m.Tiles, Attribution: m.Attribution, MinZoom: m.MinZoom, MaxZoom: m.MaxZoom}
}

type mqttConfig struct {
	Listen    string `yaml:"listen"`
	Anonymous bool   `yaml:"anonymous"`
	// AnonymousAnywhere allows anonymous gateways beyond loopback.
	AnonymousAnywhere bool      `yaml:"anonymous_anywhere"`
	TLS               tlsConfig `yaml:"tls"`
	// RequireCertificate refuses gateways without a client certificate; tls.ca is then needed.
	RequireCertificate bool            `yaml:"require_certificate"`
	Gateways           []gatewayConfig `yaml:"gateways"`
}

// gatewayConfig is one gateway that may connect to the embedded broker.
type gatewayConfig struct {
	ID       string `yaml:"id"`
	Username string `yaml:"username"`
	// PasswordHash is what "quantrac hash-password" prints.
	PasswordHash string `yaml:"password_hash"`
	// Stations that it may publish for; "*" = all.
	Stations []string `yaml:"stations"`
	// Certificates are SHA-256 sums of client certificates that it may come with, in hex.
	Certificates []string `yaml:"certificates"`
}

type tlsConfig struct {
	CA   string `yaml:"ca"`
	Cert string `yaml:"cert"`
	Key  string `yaml:"key"`
}

type brokerConfig struct {
	URL      string    `yaml:"url"`
	ClientID string    `yaml:"client_id"`
	Username string    `yaml:"username"`
	Password string    `yaml:"password"`
	Topics   []string  `yaml:"topics"`
	Share    string    `yaml:"share"`
	TLS      tlsConfig `yaml:"tls"`
}

type influxConfig struct {
	URL    string `yaml:"url"`
	Org    string `yaml:"org"`
	Bucket string `yaml:"bucket"`
	Token  string `yaml:"token"`
}

type natsConfig struct {
	URL    string `yaml:"url"`
	Synced bool   `yaml:"synced"`
}

type streamConfig struct {
	Retention time.Duration `yaml:"retention"`
	MaxBytes  uint64        `yaml:"max_bytes"`
}

type alertConfig struct {
	// EscalateAfter is how long an alert of EscalateFrom or worse may stand before it is told further; 0 = never.
	EscalateAfter time.Duration   `yaml:"escalate_after"`
	EscalateFrom  alerts.Severity `yaml:"escalate_from"`
	// FlapOpens is how often the same alert may open within an hour before it is told as one that flaps; 0 = never.
	FlapOpens int `yaml:"flap_opens"`
}

type webhookConfig struct {
	AllowPrivate []string         `yaml:"allow_private"`
	Endpoints    []endpointConfig `yaml:"endpoints"`
}

// endpointConfig is a webhook that the file declares, known by its name.
type endpointConfig struct {
	Name   string         `yaml:"name"`
	URL    string         `yaml:"url"`
	Events []string       `yaml:"events"`
	Filter endpointFilter `yaml:"filter"`
	Format string         `yaml:"format"`
	// Secret is whsec_ and base64; give it as ${NAME}.
	Secret string `yaml:"secret"`
}

type endpointFilter struct {
	Parks      []string `yaml:"parks"`
	Stations   []string `yaml:"stations"`
	Severities []string `yaml:"severities"`
	Late       bool     `yaml:"late"`
}

type logConfig struct {
	Format string `yaml:"format"`
	Level  string `yaml:"level"`
}

// onOff is a switch that people write as on/off or true/false.
type onOff bool

func (o *onOff) UnmarshalText(b []byte) error {
	switch strings.ToLower(string(b)) {
	case "on", "true", "yes":
		*o = true
	case "off", "false", "no":
		*o = false
	default:
		return fmt.Errorf("%q is neither on nor off", b)
	}
	return nil
}

func defaults(demo bool) config {
	c := config{
		Data: "./data", HTTP: httpConfig{Listen: "127.0.0.1:8080"}, Map: mapConfig{MaxZoom: web.UsualTileZoom}, MQTT: mqttConfig{Listen: "127.0.0.1:1883"},
		Influx: influxConfig{Bucket: "quantrac"}, Log: logConfig{Format: "text", Level: "info"}, demo: demo,
		Alerts: alertConfig{EscalateAfter: 30 * time.Minute, EscalateFrom: alerts.Critical, FlapOpens: 4},
	}
	if demo {
		c.Data, c.HTTP.Anonymous, c.MQTT.Anonymous, c.Simulator = "./demo-data", web.Viewer, true, true
	}
	return c
}

// setting is one flag with its environment variable.
type setting struct {
	flag, usage string
	set         func(c *config, value string) error
	boolean     bool
}

func text(field func(*config) *string) func(*config, string) error {
	return func(c *config, v string) error { *field(c) = v; return nil }
}

func boolean(field func(*config) *bool) func(*config, string) error {
	return func(c *config, v string) (err error) { *field(c), err = strconv.ParseBool(v); return err }
}

var settings = []setting{
	{"data", "`DIR` in which everything durable lives", text(func(c *config) *string { return &c.Data }), false},
	{"http", "`ADDR` of web, API, websocket, metrics", text(func(c *config) *string { return &c.HTTP.Listen }), false},
	{"anonymous", "`ROLE` of a request without credentials: none, viewer", func(c *config, v string) error { return c.HTTP.Anonymous.UnmarshalText([]byte(v)) }, false},
	{"public-url", "`URL` under which people reach the page; alerts link to it", text(func(c *config) *string { return &c.HTTP.PublicURL }), false},
	{"map-tiles", "`URL` template of raster map tiles; empty = the drawing in the page", text(func(c *config) *string { return &c.Map.Tiles }), false},
	{"map-detail", "`DIR` with detail for the map; empty = none", text(func(c *config) *string { return &c.Map.Detail }), false},
	{"mqtt", "`ADDR` of the embedded MQTT broker; off = none", text(func(c *config) *string { return &c.MQTT.Listen }), false},
	{"mqtt-anonymous", "gateways may connect without credentials (loopback only)", boolean(func(c *config) *bool { return &c.MQTT.Anonymous }), true},
	{"broker", "`URL` of an outside MQTT broker to subscribe to; may be repeated", addBrokers, false},
	{"ftp", "`ADDR` of the FTP and FTPS door; empty = none", text(func(c *config) *string { return &c.FTP.Listen }), false},
	{"drop-dir", "`DIR` from which files are taken; empty = none", text(func(c *config) *string { return &c.DropDir }), false},
	{"hj212", "`ADDR` of the HJ 212 door; empty = none", text(func(c *config) *string { return &c.HJ212.Listen }), false},
	{"influx-url", "`URL` of an InfluxDB 1.8+, 2.x or 3.x; empty = the embedded engine", text(func(c *config) *string { return &c.Influx.URL }), false},
	{"influx-org", "InfluxDB `ORG`", text(func(c *config) *string { return &c.Influx.Org }), false},
	{"influx-bucket", "InfluxDB `BUCKET`", text(func(c *config) *string { return &c.Influx.Bucket }), false},
	{"influx-token", "InfluxDB `TOKEN`; better by QUANTRAC_INFLUX_TOKEN", text(func(c *config) *string { return &c.Influx.Token }), false},
	{"nats-url", "`URL` of an outside NATS JetStream; empty = the embedded one", text(func(c *config) *string { return &c.NATS.URL }), false},
	{"nats-synced", "a single outside NATS server syncs every write", boolean(func(c *config) *bool { return &c.NATS.Synced }), true},
	{"registry", "`FILE` with parks and stations; empty = built-in Đồng Nai", text(func(c *config) *string { return &c.Registry }), false},
	{"rules", "`FILE` with alert rules; empty = built-in", text(func(c *config) *string { return &c.Rules }), false},
	{"limits", "`FILE` with limit sets; empty = built-in", text(func(c *config) *string { return &c.Limits }), false},
	{"webhooks-allow-private", "`CIDR` that webhooks may reach although it is private; may be repeated", addPrivate, false},
	{"simulator", "`on/off`: feed the registry's stations with simulated readings", func(c *config, v string) error { return c.Simulator.UnmarshalText([]byte(v)) }, false},
	{"log-format", "`text` or json", text(func(c *config) *string { return &c.Log.Format }), false},
	{"log-level", "debug, `info`, warn or error", text(func(c *config) *string { return &c.Log.Level }), false},
}

func addBrokers(c *config, v string) error {
	for u := range strings.SplitSeq(v, ",") {
		c.Brokers = append(c.Brokers, brokerConfig{URL: strings.TrimSpace(u)})
	}
	return nil
}

func addPrivate(c *config, v string) error {
	for cidr := range strings.SplitSeq(v, ",") {
		c.Webhooks.AllowPrivate = append(c.Webhooks.AllowPrivate, strings.TrimSpace(cidr))
	}
	return nil
}

func envName(flagName string) string {
	return "QUANTRAC_" + strings.ToUpper(strings.ReplaceAll(flagName, "-", "_"))
}

// errUsage is a wrong command line; its text has been printed.
var errUsage = errors.New("wrong usage")

// invalidError carries faults of files to the caller, which prints them a line each.
type invalidError struct{ faults []fault }

func (e *invalidError) Error() string {
	lines := make([]string, len(e.faults))
	for i, f := range e.faults {
		lines[i] = f.String()
	}
	return strings.Join(lines, "\n")
}

// loadConfig puts defaults, file, environment and flags together.
func loadConfig(name string, args []string, demo bool) (config, error) {
	c := defaults(demo)
	fs := flag.NewFlagSet("quantrac "+name, flag.ContinueOnError)
	file := fs.String("config", os.Getenv("QUANTRAC_CONFIG"), "configuration `FILE`")
	type given struct {
		s     setting
		value string
	}
	var flags []given
	for _, s := range settings {
		record := func(v string) error {
			flags = append(flags, given{s, v})
			probe := config{}
			return s.set(&probe, v)
		}
		usage := s.usage + " (" + envName(s.flag) + ")"
		if s.boolean {
			fs.BoolFunc(s.flag, usage, record)
		} else {
			fs.Func(s.flag, usage, record)
		}
	}
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return c, err
		}
		return c, errUsage
	}
	if fs.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "quantrac %s takes no argument %q\n", name, fs.Arg(0))
		return c, errUsage
	}
	var faults []fault
	doc := &document{file: "configuration"}
	if *file != "" {
		data, err := os.ReadFile(*file)
		if err != nil {
			return c, fmt.Errorf("read the configuration: %w", err)
		}
		doc, faults = readYAML(*file, data, &c)
	}
	for _, s := range settings {
		if v := os.Getenv(envName(s.flag)); v != "" {
			if err := s.set(&c, v); err != nil {
				faults = append(faults, fault{envName(s.flag), 1, 1, err.Error()})
			}
		}
	}
	for _, g := range flags {
		if err := g.s.set(&c, g.value); err != nil {
			faults = append(faults, fault{"--" + g.s.flag, 1, 1, err.Error()})
		}
	}
	c.bootstrap, c.file = os.Getenv("QUANTRAC_BOOTSTRAP_TOKEN"), doc
	if faults = append(faults, doc.all(c.problems())...); len(faults) > 0 {
		return c, &invalidError{faults}
	}
	return c, nil
}
