package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"reflect"
	"syscall"

	"github.com/prometheus/client_golang/prometheus"
)

// heedHangup reads the configuration again at every SIGHUP. A closing terminal sends one too, and that must not end the service.
func (s *service) heedHangup(ctx context.Context) {
	reloads := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "quantrac_config_reloads_total", Help: "Configurations read anew by result: ok, refused.",
	}, []string{"result"})
	s.figures.registry.MustRegister(reloads)
	ok, refused := reloads.WithLabelValues("ok"), reloads.WithLabelValues("refused")
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	go func() {
		defer signal.Stop(hangup)
		for {
			select {
			case <-hangup:
			case <-ctx.Done():
				return
			}
			if err := s.reload(ctx); err != nil {
				s.refuse(err)
				refused.Inc()
				continue
			}
			ok.Inc()
		}
	}()
}

// reload takes up registry, rules, limits and mappings. Whatever is wrong in any file leaves all that is in force as it is.
func (s *service) reload(ctx context.Context) error {
	cfg, err := s.read()
	if err != nil {
		return err
	}
	next, faults := loadFacts(&cfg)
	if len(faults) > 0 {
		return &invalidError{faults}
	}
	if err := s.law.reload(ctx, &next); err != nil {
		return err
	}
	if err := s.mappings.reload(ctx, cfg.Mappings); err != nil {
		return fmt.Errorf("registry, rules and limits are taken up, the mappings are as they were: %w", err)
	}
	s.log.Info("SIGHUP: registry, rules, limits and mappings are in force as the files say now", "stations", len(s.law.Registry().Stations()), "rules", len(s.law.rules.List()), "mappings", len(cfg.Mappings))
	if !reflect.DeepEqual(cfg.fixed(), s.asRead.fixed()) {
		s.log.Warn("SIGHUP: other settings have changed, and those of the start stay in force; restart to take them up")
	}
	return nil
}

// refuse says why what was in force stays in force, a line for each fault.
func (s *service) refuse(err error) {
	const kept = "SIGHUP: what was in force stays in force"
	var invalid *invalidError
	if !errors.As(err, &invalid) {
		s.log.Error(kept, "error", err)
		return
	}
	for _, f := range invalid.faults {
		s.log.Error(kept, "fault", f.String())
	}
}

// fixed is the part of a configuration that only a restart takes up.
func (c config) fixed() config {
	c.Rules, c.Limits, c.Registry, c.Mappings, c.file = "", "", "", nil, nil
	return c
}
