package deploy

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// public are the metrics that others may rely on, beside those of the Go runtime and the process.
var public = []string{
	"quantrac_ingest_messages_total", "quantrac_ingest_readings_total", "quantrac_quarantined_total", "quantrac_stream_lag",
	"quantrac_stream_append_seconds", "quantrac_influx_write_seconds", "quantrac_influx_points_total", "quantrac_alerts_open",
	"quantrac_rule_evaluations_total", "quantrac_webhook_deliveries_total", "quantrac_ws_clients", "quantrac_ws_dropped_total",
	"quantrac_reading_latency_seconds", "quantrac_stations",
}

var (
	metricName = regexp.MustCompile(`\b(quantrac|go|process)_[a-z_]+`)
	ofHisto    = regexp.MustCompile(`_(bucket|sum|count)$`)
)

// metrics lists the metrics of expressions and reports those that are not public.
func metrics(t *testing.T, where string, expressions []string) map[string]bool {
	t.Helper()
	used := map[string]bool{}
	for _, expr := range expressions {
		for _, name := range metricName.FindAllString(expr, -1) {
			if base := ofHisto.ReplaceAllString(name, ""); slices.Contains(public, base) {
				name = base
			} else if strings.HasPrefix(name, "quantrac_") {
				t.Errorf("%s: metric %s is not public: %s", where, name, expr)
			}
			used[name] = true
		}
	}
	return used
}

func TestPrometheus(t *testing.T) {
	var config struct {
		RuleFiles     []string `yaml:"rule_files"`
		ScrapeConfigs []struct {
			JobName       string `yaml:"job_name"`
			StaticConfigs []struct {
				Targets []string `yaml:"targets"`
			} `yaml:"static_configs"`
		} `yaml:"scrape_configs"`
	}
	if err := yaml.Unmarshal([]byte(read(t, "prometheus/prometheus.yml")), &config); err != nil {
		t.Fatal(err)
	}
	scraped := map[string][]string{}
	for _, job := range config.ScrapeConfigs {
		for _, s := range job.StaticConfigs {
			scraped[job.JobName] = append(scraped[job.JobName], s.Targets...)
		}
	}
	if !slices.Contains(scraped["quantrac"], "quantrac:8080") {
		t.Errorf("job quantrac scrapes %v; want quantrac:8080", scraped["quantrac"])
	}
	if !slices.Contains(config.RuleFiles, "/etc/prometheus/alerts.yml") {
		t.Errorf("rule files %v", config.RuleFiles)
	}
}

func TestPrometheusAlerts(t *testing.T) {
	var file struct {
		Groups []struct {
			Rules []struct {
				Alert       string            `yaml:"alert"`
				Expr        string            `yaml:"expr"`
				Labels      map[string]string `yaml:"labels"`
				Annotations map[string]string `yaml:"annotations"`
			} `yaml:"rules"`
		} `yaml:"groups"`
	}
	if err := yaml.Unmarshal([]byte(read(t, "prometheus/alerts.yml")), &file); err != nil {
		t.Fatal(err)
	}
	var expressions []string
	for _, group := range file.Groups {
		for _, rule := range group.Rules {
			expressions = append(expressions, rule.Expr)
			if rule.Alert == "" || rule.Expr == "" || rule.Labels["severity"] == "" || rule.Annotations["summary"] == "" {
				t.Errorf("alert %q needs a name, an expression, a severity and a summary", rule.Alert)
			}
		}
	}
	if len(metrics(t, "prometheus/alerts.yml", expressions)) < 5 {
		t.Error("the alerts use hardly any metric")
	}
}

func TestDashboard(t *testing.T) {
	type ref struct{ Type, UID string }
	type panel struct {
		Title, Type string
		Datasource  ref
		Targets     []struct {
			Expr, Query string
			Datasource  ref
		}
		GridPos struct{ H, W, X, Y int }
	}
	var board struct {
		UID    string
		Panels []panel
	}
	if err := json.Unmarshal([]byte(read(t, "grafana/dashboards/quantrac.json")), &board); err != nil {
		t.Fatal(err)
	}
	sources := datasources(t)
	var expressions []string
	influx := false
	for _, p := range board.Panels {
		if p.Type == "row" {
			continue
		}
		if len(p.Targets) == 0 || p.GridPos.W == 0 || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("panel %q shows nothing or does not fit", p.Title)
		}
		for _, target := range p.Targets {
			if sources[target.Datasource.UID] != target.Datasource.Type {
				t.Errorf("panel %q asks data source %q, which is not provisioned", p.Title, target.Datasource.UID)
			}
			expressions = append(expressions, target.Expr)
			influx = influx || strings.Contains(target.Query, `FROM "readings"`)
		}
	}
	used := metrics(t, "grafana/dashboards/quantrac.json", expressions)
	for _, name := range public {
		if !used[name] {
			t.Errorf("the dashboard does not show %s", name)
		}
	}
	if !influx {
		t.Error("the dashboard shows nothing of InfluxDB")
	}
}

// datasources maps the uid of each provisioned data source to its type.
func datasources(t *testing.T) map[string]string {
	t.Helper()
	var file struct {
		Datasources []struct {
			UID  string `yaml:"uid"`
			Type string `yaml:"type"`
			URL  string `yaml:"url"`
		} `yaml:"datasources"`
	}
	if err := yaml.Unmarshal([]byte(read(t, "grafana/provisioning/datasources/quantrac.yml")), &file); err != nil {
		t.Fatal(err)
	}
	types := map[string]string{}
	for _, d := range file.Datasources {
		types[d.UID] = d.Type
	}
	return types
}
