// Package deploy holds the files of a deployment and the tests that keep them true: docker-compose.yml and everything that
// it mounts, the scripts that make its secrets, and the names of metrics in Prometheus rules and the Grafana dashboard.
package deploy

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

// installation copies the deployment into a folder of the test and runs setup.sh there. It returns the folder.
func installation(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("mosquitto_passwd"); err != nil {
		t.Skip("mosquitto_passwd is not installed")
	}
	dir := copyTree(t)
	runScript(t, dir, "deploy/setup.sh")
	return dir
}

func copyTree(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "deploy"), os.DirFS(".")); err != nil {
		t.Fatal(err)
	}
	// A developer may have run setup.sh here.
	if err := os.RemoveAll(filepath.Join(dir, "deploy", "secrets")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "docker-compose.yml"), []byte(read(t, "../docker-compose.yml")), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

func runScript(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// load reads docker-compose.yml as "docker compose" would, with nothing of this process's environment.
func load(ctx context.Context, dir string) (*types.Project, error) {
	options, err := cli.NewProjectOptions([]string{filepath.Join(dir, "docker-compose.yml")},
		cli.WithWorkingDirectory(dir), cli.WithEnvFiles(), cli.WithDotEnv, cli.WithResolvedPaths(true))
	if err != nil {
		return nil, err
	}
	return options.LoadProject(ctx)
}

func TestComposeNeedsSetup(t *testing.T) {
	_, err := load(t.Context(), copyTree(t))
	if err == nil || !strings.Contains(err.Error(), "run deploy/setup.sh") {
		t.Errorf("without .env: %v; want an error that names deploy/setup.sh", err)
	}
}

func TestCompose(t *testing.T) {
	dir := installation(t)
	project, err := load(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"grafana", "influxdb", "mosquitto", "prometheus", "quantrac"}
	if names := project.ServiceNames(); !slices.Equal(names, want) {
		t.Fatalf("services %v; want %v", names, want)
	}
	for name, service := range project.Services {
		t.Run(name, func(t *testing.T) {
			checkImage(t, service)
			checkVolumes(t, project, service)
			if service.HealthCheck == nil || len(service.HealthCheck.Test) < 2 {
				t.Error("has no health check")
			}
			for _, port := range service.Ports {
				if port.HostIP != "127.0.0.1" {
					t.Errorf("port %s is open to %q by default", port.Published, port.HostIP)
				}
			}
		})
	}
	depends := map[string][]string{"quantrac": {"influxdb", "mosquitto"}, "prometheus": {"quantrac"}, "grafana": {"influxdb", "prometheus"}}
	for name, want := range depends {
		got := project.Services[name].GetDependencies()
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("%s depends on %v; want %v", name, got, want)
		}
	}
}

var pinned = regexp.MustCompile(`:v?\d+\.\d+\.\d+$`)

func checkImage(t *testing.T, service types.ServiceConfig) {
	t.Helper()
	if service.Build != nil {
		if service.Build.Context == "" || service.Build.Dockerfile != "Dockerfile" {
			t.Errorf("is built from %q in %q", service.Build.Dockerfile, service.Build.Context)
		}
		return
	}
	if !pinned.MatchString(service.Image) {
		t.Errorf("image %q is not pinned to a full version", service.Image)
	}
}

func checkVolumes(t *testing.T, project *types.Project, service types.ServiceConfig) {
	t.Helper()
	for _, volume := range service.Volumes {
		switch volume.Type {
		case types.VolumeTypeBind:
			info, err := os.Stat(volume.Source)
			if err != nil || !info.Mode().IsRegular() {
				t.Errorf("mounts %s, which is no file: %v", volume.Source, err)
			}
			if !volume.ReadOnly {
				t.Errorf("mounts %s writable", volume.Source)
			}
		case types.VolumeTypeVolume:
			if _, ok := project.Volumes[volume.Source]; !ok {
				t.Errorf("volume %q is not declared", volume.Source)
			}
		}
	}
}

var (
	secretKey = regexp.MustCompile(`(?i)^\s*#?\s*-?\s*"?([a-z_0-9]*(?:password|token|secret)[a-z_0-9]*)"?\s*[:=]\s*(\S.*)$`)
	reference = regexp.MustCompile(`^(Token )?\$\{[A-Z_]+(:\?[^}]+)?\}$`)
)

// No file of the deployment holds a secret: a key that sounds like one has a reference for its value.
func TestNoSecrets(t *testing.T) {
	files := []string{
		"../docker-compose.yml", "quantrac/quantrac.yaml", "quantrac/image.yaml", "prometheus/prometheus.yml", "prometheus/alerts.yml",
		"grafana/provisioning/datasources/quantrac.yml", "grafana/provisioning/dashboards/quantrac.yml",
	}
	seen := 0
	for _, file := range files {
		for i, line := range strings.Split(read(t, file), "\n") {
			m := secretKey.FindStringSubmatch(line)
			if m == nil {
				continue
			}
			seen++
			if !reference.MatchString(strings.TrimSpace(m[2])) {
				t.Errorf("%s:%d: %s is written out", file, i+1, m[1])
			}
		}
	}
	if seen < 8 {
		t.Errorf("found only %d keys that sound like a secret; the pattern is wrong", seen)
	}
}

func TestSetup(t *testing.T) {
	dir := installation(t)
	files := map[string]os.FileMode{
		".env": 0o600, "deploy/secrets": 0o700 | os.ModeDir,
		"deploy/secrets/mosquitto_passwd": 0o644, "deploy/secrets/mosquitto_acl": 0o644,
	}
	before := map[string]string{}
	for name, mode := range files {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != mode {
			t.Errorf("%s has mode %v; want %v", name, info.Mode(), mode)
		}
		if !info.IsDir() {
			before[name] = read(t, filepath.Join(dir, name))
		}
	}
	secrets := regexp.MustCompile(`(?m)^[A-Z_]+=([0-9a-f]{48})$`).FindAllStringSubmatch(before[".env"], -1)
	distinct := map[string]bool{}
	for _, s := range secrets {
		distinct[s[1]] = true
	}
	if len(distinct) != 5 {
		t.Errorf(".env has %d distinct secrets of 192 bits; want 5", len(distinct))
	}
	for s := range distinct {
		if strings.Contains(before["deploy/secrets/mosquitto_passwd"], s) {
			t.Error("the broker's password file holds a password in clear")
		}
	}
	runScript(t, dir, "deploy/setup.sh")
	for name, text := range before {
		if read(t, filepath.Join(dir, name)) != text {
			t.Errorf("a second setup.sh changed %s", name)
		}
	}
}

// Every ${NAME} in quantrac.yaml is given to the container.
func TestQuantracEnvironment(t *testing.T) {
	project, err := load(t.Context(), installation(t))
	if err != nil {
		t.Fatal(err)
	}
	given := project.Services["quantrac"].Environment
	names := regexp.MustCompile(`(?m)^[^#\n]*\$\{([A-Z_]+)\}`).FindAllStringSubmatch(read(t, "quantrac/quantrac.yaml"), -1)
	if len(names) == 0 {
		t.Fatal("quantrac.yaml takes nothing from the environment")
	}
	for _, name := range names {
		if v, ok := given[name[1]]; !ok || v == nil || *v == "" {
			t.Errorf("docker-compose.yml does not set %s", name[1])
		}
	}
}

// What the Dockerfile copies from the source tree exists.
func TestDockerfile(t *testing.T) {
	text := read(t, "../Dockerfile")
	for _, m := range regexp.MustCompile(`(?m)^COPY ((?:[^-\s]\S* )+)\S+$`).FindAllStringSubmatch(text, -1) {
		for source := range strings.FieldsSeq(m[1]) {
			if _, err := os.Stat(filepath.Join("..", source)); err != nil {
				t.Errorf("COPY %s: %v", source, err)
			}
		}
	}
	goVersion := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(read(t, "../go.mod"))
	if goVersion == nil || !strings.Contains(text, "GO_VERSION="+goVersion[1]+".") {
		t.Errorf("the Dockerfile builds with another Go than go.mod asks for: %v", goVersion)
	}
	if !strings.Contains(text, ":nonroot\n") {
		t.Error("the image runs as root")
	}
}
