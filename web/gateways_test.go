package web

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"quantrac/ingest/broker"
)

// fileGateway is the gateway of every rig's configuration file.
const fileGateway = "gw-of-the-file"

func (r *rig) openGateways(ctx context.Context, logger *slog.Logger) *broker.Gateways {
	t := r.t
	bucket, err := r.log.Bucket(ctx, "gateways")
	if err != nil {
		t.Fatal(err)
	}
	hash := must[string](t)(broker.HashPassword("of the file, not of the API"))
	return must[*broker.Gateways](t)(broker.OpenGateways(ctx, broker.GatewayOptions{
		Configured: []broker.Gateway{{ID: fileGateway, Username: fileGateway, PasswordHash: hash, Stations: []string{"river-01"}}},
		Store:      broker.Store{Put: bucket.Put, Delete: bucket.Delete, All: bucket.All}, Logger: logger, Now: r.clock,
	}))
}

// mayLogIn asks the accounts as the broker does. Each call comes from another network, so that wrong ones slow nobody down.
func (r *rig) mayLogIn(username, password string) bool {
	r.t.Helper()
	r.logins++
	_, ok := r.gateways.AuthenticatePassword(r.t.Context(), username, password, fmt.Sprintf("198.51.%d.1:1883", r.logins))
	return ok
}

type gatewayBody struct {
	Gateway
	Password string
}

func (r *rig) putGateway(id, body string) (g gatewayBody) {
	r.t.Helper()
	r.do(bootstrap, http.MethodPut, "/api/v1/gateways/"+id, body).into(http.StatusCreated, &g)
	return g
}

// with sends a request with one more header.
func (r *rig) with(name, value, method, path, body string) answer {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.http.URL+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+bootstrap)
	req.Header.Set(name, value)
	return r.exchange(req)
}

func TestGatewayLife(t *testing.T) {
	r := newRig(t, nil)
	const sum = "AB:CD:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD"
	made := r.putGateway("gw-amata", `{"stations":["amata-01","amata-02"],"certificates":["`+sum+`"]}`)
	if made.Username != "gw-amata" || len(made.Password) < 20 || made.Source != SourceAPI || made.CreatedAt == nil || made.RotatedAt != nil && !made.RotatedAt.Equal(*made.CreatedAt) || made.Connected {
		t.Errorf("made %+v", made)
	}
	if len(made.Certificates) != 1 || made.Certificates[0] != strings.ToLower(strings.ReplaceAll(sum, ":", "")) {
		t.Errorf("certificates %q", made.Certificates)
	}
	if !r.mayLogIn("gw-amata", made.Password) {
		t.Error("the password opens nothing")
	}
	other := r.putGateway("gw-all", `{"username":"everything","stations":["*"]}`)

	changed := r.do(bootstrap, http.MethodPut, "/api/v1/gateways/gw-amata", `{"username":"amata","stations":["amata-01"],"disabled":true}`)
	var g gatewayBody
	changed.into(http.StatusOK, &g)
	if g.Username != "amata" || len(g.Stations) != 1 || len(g.Certificates) != 0 || !g.Disabled || g.Password != "" {
		t.Errorf("changed: %s", changed.body)
	}
	if r.mayLogIn("amata", made.Password) {
		t.Error("a disabled gateway is let in")
	}
	r.do(bootstrap, http.MethodPut, "/api/v1/gateways/gw-amata", `{"username":"amata","stations":["amata-01"]}`).is(http.StatusOK)
	if !r.mayLogIn("amata", made.Password) {
		t.Error("a change took the password away")
	}
	var rotated gatewayBody
	r.post("/api/v1/gateways/gw-amata/rotate", "").into(http.StatusOK, &rotated)
	if rotated.Password == made.Password || len(rotated.Password) < 20 || rotated.RotatedAt == nil || r.mayLogIn("amata", made.Password) || !r.mayLogIn("amata", rotated.Password) {
		t.Errorf("rotated %+v", rotated)
	}
	if !r.mayLogIn("everything", other.Password) {
		t.Error("a change of one gateway touched another")
	}
	if got := r.pages("/api/v1/gateways", 1); strings.Join(got, " ") != "gw-all gw-amata "+fileGateway {
		t.Errorf("pages %q", got)
	}
	r.get("/api/v1/gateways/gw-amata").is(http.StatusOK)
	r.do(bootstrap, http.MethodDelete, "/api/v1/gateways/gw-amata", "").is(http.StatusNoContent)
	if r.mayLogIn("amata", rotated.Password) || !r.mayLogIn("everything", other.Password) {
		t.Error("a revoked gateway is let in, or another is not")
	}
	r.get("/api/v1/gateways/gw-amata").is(http.StatusNotFound)
	r.post("/api/v1/gateways/gw-amata/rotate", "").is(http.StatusNotFound)
	r.do(bootstrap, http.MethodDelete, "/api/v1/gateways/gw-amata", "").is(http.StatusNotFound)

	log := r.logs.String()
	for _, action := range []string{"gateway.create", "gateway.update", "gateway.rotate", "gateway.delete"} {
		if !strings.Contains(log, "action="+action+" id=gw-amata by=bootstrap") {
			t.Errorf("nothing notes %s:\n%s", action, log)
		}
	}
	for _, password := range []string{made.Password, rotated.Password, other.Password} {
		if strings.Contains(log, password) {
			t.Error("a password is in the log")
		}
	}
	for _, path := range []string{"/api/v1/gateways", "/api/v1/gateways/gw-all"} {
		if a := r.get(path); strings.Contains(string(a.body), "password") || strings.Contains(string(a.body), "argon2") {
			t.Errorf("%s tells a secret: %s", path, a.body)
		}
	}
}

func TestGatewayConditions(t *testing.T) {
	r := newRig(t, nil)
	const path, spec = "/api/v1/gateways/gw-1", `{"stations":["amata-01"]}`
	r.with("If-Match", "*", http.MethodPut, path, spec).says(http.StatusPreconditionFailed, "read it again")
	first := r.with("If-None-Match", "*", http.MethodPut, path, spec).is(http.StatusCreated).header.Get("ETag")
	if first == "" || r.get(path).header.Get("ETag") != first {
		t.Errorf("ETag %q, then %q", first, r.get(path).header.Get("ETag"))
	}
	r.with("If-None-Match", "*", http.MethodPut, path, spec).says(http.StatusPreconditionFailed, "already")
	second := r.with("If-Match", `"other", `+first, http.MethodPut, path, `{"stations":["amata-01","amata-02"]}`).is(http.StatusOK).header.Get("ETag")
	if second == first {
		t.Error("a change left the ETag")
	}
	for method, p := range map[string]string{http.MethodPut: path, http.MethodDelete: path, http.MethodPost: path + "/rotate"} {
		r.with("If-Match", first, method, p, spec).says(http.StatusPreconditionFailed, "read it again")
	}
	r.with("If-Match", second, http.MethodDelete, path, "").is(http.StatusNoContent)
}

func TestGatewayFaults(t *testing.T) {
	r := newRig(t, nil)
	r.putGateway("gw-1", `{"stations":["amata-01"]}`)
	put := func(id, body string) answer {
		return r.do(bootstrap, http.MethodPut, "/api/v1/gateways/"+id, body)
	}
	for name, tc := range map[string]struct {
		id, body string
		status   int
		fields   string
	}{
		"no stations":              {"gw-2", `{}`, 422, "stations"},
		"stations that are none":   {"gw-2", `{"stations":["amata-01","nowhere","amata-01","*"]}`, 422, "stations[1] stations[2] stations[3]"},
		"certificates":             {"gw-2", `{"stations":["*"],"certificates":["ab","zz"]}`, 422, "certificates[0] certificates[1]"},
		"a certificate twice":      {"gw-2", `{"stations":["*"],"certificates":["` + strings.Repeat("ab", 32) + `","` + strings.Repeat("AB:", 31) + `AB"]}`, 422, "certificates[1]"},
		"too many certificates":    {"gw-2", `{"stations":["*"],"certificates":["` + strings.Repeat(`","`, 16) + `"]}`, 422, "certificates certificates[0]"},
		"username":                 {"gw-2", `{"stations":["*"],"username":"a\u0000b"}`, 422, "username"},
		"id":                       {"GW_2", `{"stations":["*"]}`, 422, "id"},
		"a username that is taken": {"gw-2", `{"stations":["*"],"username":"gw-1"}`, 409, ""},
		"no JSON":                  {"gw-2", `{"stations":`, 400, ""},
		"an unknown member":        {"gw-2", `{"stations":["*"],"admin":true}`, 400, ""},
		"64 KiB":                   {"gw-2", `{"username":"` + strings.Repeat("x", 64<<10) + `"}`, 413, ""},
	} {
		var p problemBody
		a := put(tc.id, tc.body).into(tc.status, &p)
		var fields []string
		for _, e := range p.Errors {
			fields = append(fields, e.Field)
		}
		if got := strings.Join(fields, " "); tc.fields != "" && !strings.HasPrefix(got, tc.fields) {
			t.Errorf("%s: fields %q, want %q: %s", name, got, tc.fields, a.body)
		}
	}
	if got := r.pages("/api/v1/gateways", 10); len(got) != 1 || got[0] != "gw-1 "+fileGateway {
		t.Errorf("a refused gateway was made: %q", got)
	}
}

// What the configuration file says can only be changed there.
func TestGatewayOfTheFile(t *testing.T) {
	r := newRig(t, nil)
	path := "/api/v1/gateways/" + fileGateway
	var g Gateway
	r.get(path).into(http.StatusOK, &g)
	if g.Source != SourceFile || g.CreatedAt != nil {
		t.Errorf("%+v", g)
	}
	r.do(bootstrap, http.MethodPut, path, `{"stations":["*"]}`).says(http.StatusConflict, "file")
	r.do(bootstrap, http.MethodDelete, path, "").says(http.StatusConflict, "file")
	r.post(path+"/rotate", "").says(http.StatusConflict, "file")
}

// Many administrators at once make each gateway once, and each answer's password is the one that holds.
func TestGatewaysMadeAtOnce(t *testing.T) {
	r := newRig(t, nil)
	const callers = 8
	type made struct {
		status   int
		password string
	}
	answers := make(chan made, callers)
	for range callers {
		go func() {
			req, _ := http.NewRequest(http.MethodPut, r.http.URL+"/api/v1/gateways/gw-1", strings.NewReader(`{"stations":["*"]}`))
			req.Header.Set("Authorization", "Bearer "+bootstrap)
			req.Header.Set("If-None-Match", "*")
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				answers <- made{}
				return
			}
			defer resp.Body.Close()
			var g gatewayBody
			_ = json.NewDecoder(resp.Body).Decode(&g)
			answers <- made{resp.StatusCode, g.Password}
		}()
	}
	count, password := map[int]int{}, ""
	for range callers {
		a := <-answers
		count[a.status]++
		if a.status == http.StatusCreated {
			password = a.password
		}
	}
	if fmt.Sprint(count) != "map[201:1 412:7]" || !r.mayLogIn("gw-1", password) {
		t.Errorf("answers %v", count)
	}
}
