package backtest

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"quantrac/alerts"
	"quantrac/geo"
)

// Report is what a backtest found. The counts hold all alerts that lie in the span, at least in part.
type Report struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// Readings that were judged, those before From that a window needs among them.
	Readings int64 `json:"readings"`
	Draft    Count `json:"draft"`
	// InForce and Difference are nil when there was nothing to compare with.
	InForce    *Count      `json:"in_force"`
	Difference *Difference `json:"difference"`
	Summary    geo.Text    `json:"summary"`
	// Stations are in the order of the registry.
	Stations []StationCount `json:"stations"`
	// Days are all of the span, in order. Spans are the alerts of both sides as bars of a picture, in the order of their begin; as
	// many of the newest as two lists of alerts may hold.
	Days  []Day `json:"days"`
	Spans []Bar `json:"spans"`
	// Alerts are those of the draft and Missed those of the rules in force that the draft misses, newest first and bounded;
	// Truncated says that there were more.
	Alerts    []alerts.Alert `json:"alerts"`
	Missed    []alerts.Alert `json:"missed"`
	Truncated bool           `json:"truncated"`

	picture picture
}

// Count counts alerts by the worst severity that they reached.
type Count struct {
	Alerts     int            `json:"alerts"`
	Severities map[string]int `json:"severities"`
	// OpenSeconds is how long alerts stood open, all told.
	OpenSeconds int64 `json:"open_seconds"`
}

// Difference compares the draft with the rules in force: two alerts are the same trouble when they are of one station and parameter
// and overlap in time.
type Difference struct {
	// Added alerts are the draft's alone, Gone ones those of the rules in force alone.
	Added int `json:"added"`
	Gone  int `json:"gone"`
	// Missed are those of Gone that were critical with a value at or over its limit.
	Missed int `json:"missed"`
}

// StationCount is the counts of one station.
type StationCount struct {
	Station string `json:"station"`
	Draft   int    `json:"draft"`
	InForce *int   `json:"in_force"`
	Missed  int    `json:"missed"`
}

func newReport(cfg *Config, stations int) Report {
	r := Report{
		From: cfg.From.UTC(), To: cfg.To.UTC(), Draft: newCount(), Stations: make([]StationCount, stations),
		Alerts: []alerts.Alert{}, Missed: []alerts.Alert{}, picture: newPicture(cfg),
	}
	if cfg.InForce != nil {
		c := newCount()
		r.InForce, r.Difference = &c, &Difference{}
	}
	return r
}

func newCount() Count { return Count{Severities: map[string]int{}} }

func (c *Count) add(spans []*span) {
	for _, s := range spans {
		c.Alerts++
		c.Severities[s.alert.PeakSeverity.String()]++
		c.OpenSeconds += int64(s.end.Sub(s.alert.OpenedAt).Seconds())
	}
}

// add takes in station i.
func (r *Report) add(i int, res *result, most int) {
	r.Stations[i] = StationCount{Station: res.station, Draft: len(res.draft), Missed: len(res.missed)}
	r.Draft.add(res.draft)
	r.Alerts = r.keep(r.Alerts, res.draft, most)
	r.picture.add(SideDraft, res.station, res.draft)
	if r.InForce == nil {
		return
	}
	n := len(res.inForce)
	r.Stations[i].InForce = &n
	r.InForce.add(res.inForce)
	r.picture.add(SideInForce, res.station, res.inForce)
	r.Difference.Added += res.added
	r.Difference.Gone += res.gone
	r.Difference.Missed += len(res.missed)
	r.Missed = r.keep(r.Missed, res.missed, most)
}

// keep appends alerts to a list and cuts it back to the newest once it is twice as long as it may be.
func (r *Report) keep(list []alerts.Alert, spans []*span, most int) []alerts.Alert {
	for _, s := range spans {
		if list = append(list, s.alert); len(list) >= 2*most {
			list = r.cut(list, most)
		}
	}
	return list
}

func (r *Report) cut(list []alerts.Alert, most int) []alerts.Alert {
	slices.SortFunc(list, func(a, b alerts.Alert) int {
		return cmp.Or(b.OpenedAt.Compare(a.OpenedAt), cmp.Compare(a.ID, b.ID))
	})
	if len(list) <= most {
		return list
	}
	r.Truncated = true
	clear(list[most:])
	return list[:most]
}

func (r *Report) finish(cfg *Config) {
	r.Alerts, r.Missed = r.cut(r.Alerts, cfg.MostAlerts), r.cut(r.Missed, cfg.MostAlerts)
	r.picture.finish(r)
	days := math.Round(r.To.Sub(r.From).Hours()/24*10) / 10
	if r.InForce == nil {
		r.Summary = geo.Text{VI: fmt.Sprintf("%g ngày: %d cảnh báo", days, r.Draft.Alerts), EN: fmt.Sprintf("%g days: %d alerts", days, r.Draft.Alerts)}
		return
	}
	r.Summary = geo.Text{
		VI: fmt.Sprintf("%g ngày: %d → %d cảnh báo, bỏ sót %d lần vượt ngưỡng thật", days, r.InForce.Alerts, r.Draft.Alerts, r.Difference.Missed),
		EN: fmt.Sprintf("%g days: %d → %d alerts, %d true %s would be missed", days, r.InForce.Alerts, r.Draft.Alerts, r.Difference.Missed, exceedances(r.Difference.Missed)),
	}
}

func exceedances(n int) string {
	if n == 1 {
		return "exceedance"
	}
	return "exceedances"
}
