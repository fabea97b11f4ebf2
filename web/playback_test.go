package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

type playbackWindow struct {
	From, To   time.Time
	Every      float64 `json:"every_seconds"`
	Stations   []string
	Parameters []string
	States     []string
	State      [][]int
	Index      [][]*float64
	Worst      [][]int
	Values     [][]*float64
	Ratios     [][]*float64
	Measured   [][]*float64
	Alerts     []struct {
		ID, State  string
		OpenedAt   time.Time  `json:"opened_at"`
		ResolvedAt *time.Time `json:"resolved_at"`
	}
	MoreAlerts bool `json:"more_alerts"`
}

// states are the states of a station, one a step, shortened.
func (p *playbackWindow) states(station string) string {
	var out []string
	for _, k := range p.State[slices.Index(p.Stations, station)] {
		out = append(out, p.States[k])
	}
	return strings.Join(out, " ")
}

// story sends an hour of one station: good, over the limit for 20 minutes, good again, then silent.
func story(r *rig, station string, from time.Time) {
	r.t.Helper()
	var parts []string
	for i := range 9 {
		cod := 20
		if i >= 2 && i <= 5 {
			cod = 150
		}
		parts = append(parts, fmt.Sprintf(`{"station":%q,"measured_at":%q,"values":{"cod":%d,"ph":7}}`, station, stamp(from.Add(time.Duration(i)*5*time.Minute)), cod))
	}
	r.post("/api/v1/readings", "["+strings.Join(parts, ",")+"]").is(http.StatusAccepted)
}

// The past of the stations comes out of a real store as it was: states, index, what made it, alerts that were open.
func TestPlayback(t *testing.T) {
	r := newRig(t, nil)
	begin := noon.Add(-time.Hour)
	story(r, "amata-01", begin)
	r.settle()
	var p playbackWindow
	r.get("/api/v1/playback?every=5m&from="+stamp(begin.Add(-5*time.Minute+time.Second))).into(http.StatusOK, &p)
	if !p.From.Equal(begin.Add(-5*time.Minute)) || !p.To.Equal(noon) || p.Every != 300 || len(p.Stations) != 4 {
		t.Errorf("window %s to %s every %v of %q", p.From, p.To, p.Every, p.Stations)
	}
	const want = "offline good good exceed exceed exceed exceed good good good good good offline"
	if got := p.states("amata-01"); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	if got := p.states("river-01"); got != strings.Repeat("offline ", 12)+"offline" {
		t.Errorf("a station that never spoke was %s", got)
	}
	i := slices.Index(p.Stations, "amata-01")
	if p.Index[i][0] != nil || *p.Index[i][3] != 2 || *p.Index[i][1] != 0.333 || p.Parameters[p.Worst[i][3]] != "cod" || p.Worst[i][0] != -1 || p.Values != nil {
		t.Errorf("index %s, worst %v", asText(t, p.Index[i]), p.Worst[i])
	}
	if len(p.Alerts) != 1 || !p.Alerts[0].OpenedAt.Equal(begin.Add(10*time.Minute)) || p.MoreAlerts {
		t.Errorf("alerts %+v", p.Alerts)
	}
	r.get("/api/v1/playback?from="+stamp(begin)+"&to="+stamp(begin.Add(10*time.Minute))).into(http.StatusOK, &p)
	if len(p.Alerts) != 0 {
		t.Errorf("alerts before they opened: %+v", p.Alerts)
	}
}

// One station comes with its values; the answer is not much larger than what it says.
func TestPlaybackOfOneStation(t *testing.T) {
	r := newRig(t, nil)
	begin := noon.Add(-time.Hour)
	story(r, "amata-01", begin)
	r.settle()
	var p playbackWindow
	r.get("/api/v1/playback?station=amata-01&every=5m&from="+stamp(begin)).into(http.StatusOK, &p)
	cod, tss := slices.Index(p.Parameters, "cod"), slices.Index(p.Parameters, "tss")
	if len(p.Stations) != 1 || *p.Values[cod][2] != 150 || *p.Ratios[cod][2] != 2 || *p.Measured[cod][11] != float64(begin.Add(40*time.Minute).Unix()) || p.Measured[tss][0] != nil || p.Values[tss][2] != nil {
		t.Errorf("%+v", p)
	}
	r.get("/api/v1/playback?station=nowhere").says(http.StatusNotFound, "not found")
}

// Whatever is asked for, the answer is bounded and says where it ends.
func TestPlaybackBounds(t *testing.T) {
	r := newRig(t, nil)
	for query, steps := range map[string]int{
		"":                                     72,
		"every=1s":                             mostSteps,
		"every=1s&from=1066-01-01T00:00:00Z":   mostSteps,
		"every=1h&from=2026-11-23T05:30:00Z":   24,
		"every=1h&to=2066-01-01T00:00:00Z":     6,
		"every=366d&from=1970-01-01T00:00:00Z": 11,
	} {
		var p playbackWindow
		r.get("/api/v1/playback?"+query).into(http.StatusOK, &p)
		if len(p.State[0]) != steps || !p.To.Equal(p.From.Add(time.Duration(steps)*time.Duration(p.Every)*time.Second)) {
			t.Errorf("%s: %d steps from %s to %s, want %d", query, len(p.State[0]), p.From, p.To, steps)
		}
	}
	r.get("/api/v1/playback?every=1ms").says(http.StatusBadRequest, "every")
	r.get("/api/v1/playback?from=2026-11-25T00:00:00Z").says(http.StatusBadRequest, "before now")
	r.get("/api/v1/playback?from=yesterday").says(http.StatusBadRequest, "from must be a time")
	r.get("/api/v1/playback/overview?to=never").says(http.StatusBadRequest, "to must be a time")
	r.do("", http.MethodGet, "/api/v1/playback", "").is(http.StatusUnauthorized)
}

func TestPlaybackOverview(t *testing.T) {
	r := newRig(t, nil)
	begin := noon.Add(-time.Hour)
	story(r, "amata-01", begin)
	r.settle()
	var o struct {
		From, To time.Time
		Open     map[string][]int
	}
	r.get("/api/v1/playback/overview?every=5m&from="+stamp(begin)).into(http.StatusOK, &o)
	if want := []int{0, 0, 1, 1, 1, 1}; !slices.Equal(o.Open["critical"][:6], want) || len(o.Open["critical"]) != 12 || len(o.Open) != 4 {
		t.Errorf("open %v", o.Open)
	}
	r.get("/api/v1/playback/overview").into(http.StatusOK, &o)
	if n := o.Open["critical"]; len(n) != 241 || n[240]+n[239] == 0 {
		t.Errorf("of 30 days: %v", n)
	}
}

func asText(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
