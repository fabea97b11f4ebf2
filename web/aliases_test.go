package web

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"quantrac/ingest"
	"quantrac/ingest/dialect"
)

// names is the alias list of a rig: in memory, where cmd's is on disk. It begins with one of a configuration file.
type names struct {
	mu    sync.Mutex
	all   []Alias
	index atomic.Pointer[ingest.Mappings]
}

const fileAlias = "of-the-file"

func newNames() *names {
	return &names{all: []Alias{{Mapping: ingest.Mapping{ID: fileAlias, Kind: ingest.MapParameter, Name: "Chi so X", Target: "tss"}, Source: SourceFile}}}
}

func (n *names) use(all []Alias) bool {
	list := make([]ingest.Mapping, len(all))
	for i := range all {
		list[i] = all[i].Mapping
	}
	index, problems := ingest.NewMappings(list)
	if len(problems) > 0 {
		return false
	}
	n.all = all
	n.index.Store(index)
	return true
}

func (r *rig) aliasesOf(n *names) Aliases {
	n.use(n.all)
	return Aliases{
		Dialects: dialect.Names(),
		List: func() []Alias {
			n.mu.Lock()
			defer n.mu.Unlock()
			return n.all
		},
		Add: func(_ context.Context, m ingest.Mapping) (Alias, bool, error) {
			n.mu.Lock()
			defer n.mu.Unlock()
			for _, a := range n.all {
				m.ID = a.ID
				if a.Mapping == m {
					return a, false, nil
				}
			}
			m.ID = fmt.Sprint("alias-", len(n.all))
			a := Alias{Mapping: m, Source: SourceAPI, CreatedAt: r.clock()}
			if !n.use(append(slices.Clone(n.all), a)) {
				return a, false, fmt.Errorf("%w: %q means something else", ErrConflict, m.Name)
			}
			return a, true, nil
		},
		Delete: func(_ context.Context, id string) error {
			n.mu.Lock()
			defer n.mu.Unlock()
			i := slices.IndexFunc(n.all, func(a Alias) bool { return a.ID == id })
			switch {
			case i < 0:
				return ErrNotFound
			case n.all[i].Source == SourceFile:
				return fmt.Errorf("%w: it stands in the configuration file", ErrConflict)
			}
			n.use(slices.Delete(slices.Clone(n.all), i, i+1))
			return nil
		},
	}
}

func TestAliases(t *testing.T) {
	r := newRig(t, nil)
	var made Alias
	a := r.post("/api/v1/aliases", `{"kind":"parameter","name":" Nhu cầu oxy ","target":"cod","station":"amata-01","unit":"g/L","factor":2}`).into(http.StatusCreated, &made)
	if made.ID == "" || made.Name != "Nhu cầu oxy" || made.Station != "amata-01" || made.Unit != "g/L" || made.Factor != 2 || made.Source != SourceAPI || made.CreatedAt.IsZero() {
		t.Errorf("made: %s", a.body)
	}
	var again Alias
	r.post("/api/v1/aliases", `{"kind":"parameter","name":"Nhu cầu oxy","target":"cod","station":"amata-01","unit":"g/L","factor":2}`).into(http.StatusOK, &again)
	if again != made {
		t.Errorf("the same again: %+v", again)
	}
	r.post("/api/v1/aliases", `{"kind":"topic","name":"site/{station}/data"}`).is(http.StatusCreated)
	r.post("/api/v1/aliases", `{"kind":"topic","name":"plc/{station}/data","dialect":"native"}`).is(http.StatusCreated)
	r.post("/api/v1/aliases", `{"kind":"station","name":"Cửa xả 1","target":"amata-01"}`).is(http.StatusCreated)
	if got := r.pages("/api/v1/aliases", 3); len(got) != 2 || !strings.HasPrefix(got[0], fileAlias+" "+made.ID) {
		t.Errorf("pages %q", got)
	}
	for kind, n := range map[string]int{"parameter": 2, "station": 1, "topic": 2} {
		var p idPage
		if r.get("/api/v1/aliases?kind="+kind).into(http.StatusOK, &p); len(p.Items) != n {
			t.Errorf("%d of kind %s", len(p.Items), kind)
		}
	}
	r.get("/api/v1/aliases?kind=moon").says(http.StatusBadRequest, "kind must be one of")
	r.post("/api/v1/aliases", `{"kind":"parameter","name":"nhu cau oxy","target":"tss","station":"amata-01"}`).says(http.StatusConflict, "means something else")
	r.do(bootstrap, http.MethodDelete, "/api/v1/aliases/"+fileAlias, "").says(http.StatusConflict, "configuration file")
	r.do(bootstrap, http.MethodDelete, "/api/v1/aliases/"+made.ID, "").is(http.StatusNoContent)
	r.do(bootstrap, http.MethodDelete, "/api/v1/aliases/"+made.ID, "").is(http.StatusNotFound)
	for _, action := range []string{"alias.create", "alias.delete"} {
		if !strings.Contains(r.logs.String(), "action="+action+" id="+made.ID+" by=bootstrap") {
			t.Errorf("nothing notes %s: %s", action, r.logs.String())
		}
	}
}

func TestAliasFaults(t *testing.T) {
	r := newRig(t, nil)
	for body, want := range map[string]struct{ field, proposal string }{
		`{"kind":"moon","name":"a","target":"cod"}`:                                     {"kind", ""},
		`{"kind":"topic","name":"site/x","target":"amata-01","dialect":"klingon"}`:      {"dialect", ""},
		`{"kind":"parameter","name":" ","target":"cod"}`:                                {"name", ""},
		`{"kind":"parameter","name":"---","target":"cod"}`:                              {"name", ""},
		`{"kind":"parameter","name":"a\u0007","target":"cod"}`:                          {"name", ""},
		`{"kind":"parameter","name":"a","target":""}`:                                   {"target", ""},
		`{"kind":"parameter","name":"a","target":"nh4-n"}`:                              {"target", "nh4_n"},
		`{"kind":"station","name":"a","target":"amata-1"}`:                              {"target", "amata-01"},
		`{"kind":"topic","name":"a/#/b","target":"amata-01"}`:                           {"name", ""},
		`{"kind":"topic","name":"a/+","target":"amata01"}`:                              {"target", "amata-01"},
		`{"kind":"parameter","name":"a","target":"cod","station":"amata_01"}`:           {"station", "amata-01"},
		`{"kind":"station","name":"a","target":"amata-01","station":"amata-02"}`:        {"station", ""},
		`{"kind":"parameter","name":"a","target":"cod","unit":"°C"}`:                    {"unit", ""},
		`{"kind":"parameter","name":"a","target":"cod","factor":-1}`:                    {"factor", ""},
		`{"kind":"parameter","name":"` + strings.Repeat("x", 300) + `","target":"cod"}`: {"name", ""},
	} {
		var p problemBody
		a := r.post("/api/v1/aliases", body).into(http.StatusUnprocessableEntity, &p)
		if len(p.Errors) == 0 || p.Errors[0].Field != want.field {
			t.Errorf("%s: %s, want field %s", body, a.body, want.field)
		}
		if want.proposal != "" && (len(p.Proposals) == 0 || p.Proposals[0].Target != want.proposal || p.Proposals[0].Score <= 0 || p.Proposals[0].Score > 1) {
			t.Errorf("%s: %s, want proposal %s", body, a.body, want.proposal)
		}
	}
	r.post("/api/v1/aliases", `{"kind":"parameter","name":"a","target":"cod","id":"mine"}`).says(http.StatusBadRequest, "unknown field")
	r.post("/api/v1/aliases", `{"kind":"parameter","name":"a","target":"cod","factor":1e999}`).is(http.StatusBadRequest)
	if got := r.pages("/api/v1/aliases", 10); len(got) != 1 || got[0] != fileAlias {
		t.Errorf("a refused alias was made: %q", got)
	}
}
