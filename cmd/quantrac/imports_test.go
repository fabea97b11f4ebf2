package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The tree is the architecture: geo ← ingest ← alerts ← web ← cmd, roots pure, leaves apart.
func TestImportDirection(t *testing.T) {
	order := []string{"geo", "ingest", "alerts", "web"}
	// impure are packages by which a root would do I/O, log, or know a clock by more than its types.
	impure := []string{"net", "net/http", "os", "log", "log/slog", "database/sql", "math/rand"}
	for _, p := range listPackages(t) {
		name := strings.TrimPrefix(p.ImportPath, "quantrac/")
		top, _, isLeaf := strings.Cut(name, "/")
		if top == "cmd" || top == "deploy" {
			continue
		}
		for _, imp := range p.Imports {
			dep, ours := strings.CutPrefix(imp, "quantrac/")
			if !ours {
				if !isLeaf && slices.Contains(order[:3], top) && slices.Contains(impure, imp) {
					t.Errorf("root %s imports %s: roots are pure", name, imp)
				}
				continue
			}
			depTop, _, depIsLeaf := strings.Cut(dep, "/")
			switch {
			case depTop == "simulator":
				t.Errorf("%s imports the simulator: only cmd may", name)
			case top == "simulator":
				if dep != "geo" {
					t.Errorf("the simulator imports %s: it is a gateway, it knows only the registry", dep)
				}
			case depIsLeaf && dep != "ingest/stream":
				t.Errorf("%s imports the leaf %s: leaves reach others as functions from cmd", name, dep)
			case depIsLeaf && !isLeaf:
				t.Errorf("root %s imports the leaf %s", name, dep)
			case isLeaf && dep == "ingest/stream": // the one leaf that every other may keep its state by
			case slices.Index(order, depTop) > slices.Index(order, top):
				t.Errorf("%s imports %s: the direction is %s", name, dep, strings.Join(order, " ← "))
			}
		}
	}
}

type listedPackage struct {
	ImportPath string
	Imports    []string
}

func listPackages(t *testing.T) []listedPackage {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", "quantrac/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(strings.NewReader(string(out)))
	var all []listedPackage
	for {
		var p listedPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if len(all) < 10 {
		t.Fatalf("only %d packages listed", len(all))
	}
	return all
}
