package bench

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// stack is a running system under test, with a directory of its own.
type stack struct {
	name      string
	dir       string
	processes []*process
	// mqtt is where gateways publish.
	mqtt    string
	history history
	client  *http.Client

	ctx  context.Context
	fail context.CancelCauseFunc
}

// The stacks that can be measured.
const (
	Embedded = "embedded"
	External = "external"
	Telegraf = "telegraf"
)

// startStack starts the programs of a stack and returns when they are ready. The caller stops it, also after an error.
func startStack(ctx context.Context, o *Options, name string, stations []string) (*stack, error) {
	s := &stack{name: name, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: askedAtOnce + 1}}}
	s.ctx, s.fail = context.WithCancelCause(ctx)
	var err error
	if s.dir, err = os.MkdirTemp(o.Dir, "quantrac-bench-"+name+"-"); err != nil {
		return s, fmt.Errorf("make a directory for the run: %w", err)
	}
	switch name {
	case Embedded:
		err = s.startEmbedded(o, stations)
	case External:
		err = s.startExternal(o, stations)
	case Telegraf:
		err = s.startTelegraf()
	default:
		err = fmt.Errorf("there is no stack %q; there are %s, %s and %s", name, Embedded, External, Telegraf)
	}
	return s, err
}

// stop ends all programs, the newest first, and removes what they wrote.
func (s *stack) stop() error {
	for i := len(s.processes) - 1; i >= 0; i-- {
		s.processes[i].stop()
	}
	s.fail(nil)
	s.client.CloseIdleConnections()
	if s.dir == "" {
		return nil
	}
	if err := os.RemoveAll(s.dir); err != nil {
		return fmt.Errorf("remove the run's directory: %w", err)
	}
	return nil
}

// start runs a program for as long as the stack; one that ends by itself ends the run.
func (s *stack) start(name string, argv []string, env ...string) error {
	p, err := startProcess(name, s.dir, argv, env)
	if err != nil {
		return err
	}
	s.processes = append(s.processes, p)
	go func() {
		<-p.ended
		if s.ctx.Err() == nil && !p.told.Load() {
			s.fail(p.died())
		}
	}()
	return nil
}

// readyWait is how long a program may take to start.
const readyWait = 60 * time.Second

// await asks until ready says yes.
func (s *stack) await(what string, ready func(ctx context.Context) bool) error {
	ctx, cancel := context.WithTimeoutCause(s.ctx, readyWait, fmt.Errorf("%s is not ready after %s", what, readyWait))
	defer cancel()
	const pause = 20 * time.Millisecond
	t := time.NewTicker(pause)
	defer t.Stop()
	for !ready(ctx) {
		select {
		case <-t.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// answers reports whether a GET is answered with success.
func (s *stack) answers(address string) func(ctx context.Context) bool {
	return func(ctx context.Context) bool {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return false
		}
		resp, err := s.client.Do(req)
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		return resp.StatusCode < http.StatusMultipleChoices
	}
}

// listens reports whether somebody accepts connections.
func listens(addr string) func(ctx context.Context) bool {
	return func(ctx context.Context) bool {
		conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", addr)
		if err != nil {
			return false
		}
		return conn.Close() == nil
	}
}

// freeAddr is a loopback address that nobody listened on a moment ago.
func freeAddr(ctx context.Context) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().String(), nil
}

func (s *stack) startEmbedded(o *Options, stations []string) error {
	addr, err := freeAddr(s.ctx)
	if err != nil {
		return err
	}
	s.mqtt = addr
	return s.startServe(o, stations, "--mqtt", addr, "--mqtt-anonymous")
}

func (s *stack) startExternal(o *Options, stations []string) error {
	influx, err := s.startInflux()
	if err != nil {
		return err
	}
	if err := s.startMosquitto(); err != nil {
		return err
	}
	if err := s.startServe(o, stations, "--mqtt", "off", "--broker", "tcp://"+s.mqtt, "--influx-url", influx); err != nil {
		return err
	}
	s.history = &influxHistory{base: influx, client: s.client}
	return nil
}

// startServe starts quantrac on a registry with the stations, and the default rules.
func (s *stack) startServe(o *Options, stations []string, flags ...string) error {
	registry := filepath.Join(s.dir, "registry.yaml")
	if err := os.WriteFile(registry, registryFile(stations), 0o600); err != nil {
		return fmt.Errorf("write the registry: %w", err)
	}
	addr, err := freeAddr(s.ctx)
	if err != nil {
		return err
	}
	base := "http://" + addr
	profile := ""
	if o.Profile != "" {
		profile = filepath.Join(o.Profile, s.name)
	}
	argv := append(o.Serve(profile), "--data", filepath.Join(s.dir, "data"), "--http", addr, "--anonymous", "viewer", "--registry", registry, "--log-level", "warn")
	if err := s.start("quantrac", append(argv, flags...), o.ServeEnv...); err != nil {
		return err
	}
	s.history = &apiHistory{base: base, client: s.client}
	return s.await("quantrac", s.answers(base+"/readyz"))
}

// startMosquitto starts the broker with nothing dropped and no limit to what is in flight.
func (s *stack) startMosquitto() error {
	program, err := mosquitto.find()
	if err != nil {
		return err
	}
	if s.mqtt, err = freeAddr(s.ctx); err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(s.mqtt)
	if err != nil {
		return fmt.Errorf("address of Mosquitto: %w", err)
	}
	file := filepath.Join(s.dir, "mosquitto.conf")
	text := strings.NewReplacer("{host}", host, "{port}", port, "{dir}", s.dir).Replace(mosquittoConfig)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return fmt.Errorf("configure Mosquitto: %w", err)
	}
	if err := s.start(mosquitto.name, []string{program, "-c", file}); err != nil {
		return err
	}
	return s.await("Mosquitto", listens(s.mqtt))
}

// startInflux starts an InfluxDB 1.8 and returns its URL.
func (s *stack) startInflux() (string, error) {
	program, err := influxd.find()
	if err != nil {
		return "", err
	}
	var addrs [2]string
	for i := range addrs {
		if addrs[i], err = freeAddr(s.ctx); err != nil {
			return "", err
		}
	}
	file := filepath.Join(s.dir, "influxdb.conf")
	text := strings.NewReplacer("{http}", addrs[0], "{rpc}", addrs[1], "{dir}", filepath.Join(s.dir, "influxdb")).Replace(influxConfig)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return "", fmt.Errorf("configure InfluxDB: %w", err)
	}
	if err := s.start(influxd.name, []string{program, "-config", file}); err != nil {
		return "", err
	}
	base := "http://" + addrs[0]
	return base, s.await("InfluxDB", s.answers(base+"/ping"))
}

func (s *stack) startTelegraf() error {
	program, err := telegraf.find()
	if err != nil {
		return err
	}
	influx, err := s.startInflux()
	if err != nil {
		return err
	}
	if err := s.startMosquitto(); err != nil {
		return err
	}
	file := filepath.Join(s.dir, "telegraf.conf")
	text := strings.NewReplacer("{mqtt}", s.mqtt, "{influx}", influx, "{database}", influxDatabase).Replace(telegrafConfig)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return fmt.Errorf("configure Telegraf: %w", err)
	}
	s.history = &influxHistory{base: influx, client: s.client, prefix: telegrafPrefix}
	return s.start(telegraf.name, []string{program, "--config", file, "--quiet"})
}
