package bench

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// program is something that a stack needs and that is no part of quantrac.
type program struct {
	name string
	// env names the variable that says where it is.
	env string
	// places is a glob of where it is kept beside PATH.
	places string
}

var (
	mosquitto = program{"mosquitto", "QUANTRAC_MOSQUITTO", "/usr/sbin/mosquitto"}
	influxd   = program{"influxd", "QUANTRAC_INFLUXD", ".tools/bin/influxd"}
	telegraf  = program{"telegraf", "QUANTRAC_TELEGRAF", ".tools/bin/telegraf-*"}
)

// needed are the programs of a stack.
func needed(stack string) []program {
	switch stack {
	case External:
		return []program{mosquitto, influxd}
	case Telegraf:
		return []program{mosquitto, influxd, telegraf}
	}
	return nil
}

// find returns the program's absolute path: from the environment, the project's tools, or PATH.
func (p program) find() (string, error) {
	if path := os.Getenv(p.env); path != "" {
		if _, err := exec.LookPath(path); err != nil {
			return "", fmt.Errorf("%s is set, but that is no program: %w", p.env, err)
		}
		return filepath.Abs(path)
	}
	found, _ := filepath.Glob(p.places) // the patterns are constants and well-formed
	slices.Sort(found)
	slices.Reverse(found)
	for _, path := range append(found, p.name) {
		if full, err := exec.LookPath(path); err == nil {
			return filepath.Abs(full)
		}
	}
	return "", fmt.Errorf("%s is missing: `make telegraf tools` installs it, or set %s", p.name, p.env)
}
