package backtest

import (
	"cmp"
	"slices"
	"time"

	"quantrac/alerts"
)

// Sides of a comparison.
const (
	SideDraft   = "draft"
	SideInForce = "in_force"
)

// Day counts the alerts that opened on a calendar day where the stations are; those that stood open when the span began count on its
// first day.
type Day struct {
	Day     string `json:"day"`
	Draft   int    `json:"draft"`
	InForce *int   `json:"in_force"`
}

// Bar is one alert as a picture shows it.
type Bar struct {
	Side      string          `json:"side"`
	Station   string          `json:"station"`
	Parameter *string         `json:"parameter"`
	Severity  alerts.Severity `json:"severity"`
	From      time.Time       `json:"from"`
	// To is the end of the backtest for what stood open then.
	To time.Time `json:"to"`
	// Alone says that no alert of the other side overlaps it, Missed that it is one of Report.Missed.
	Alone  bool `json:"alone"`
	Missed bool `json:"missed"`
}

// picture gathers the days and the bars of a report.
type picture struct {
	from  time.Time
	zone  *time.Location
	first time.Time // midnight of the first day
	days  []Day
	bars  []Bar
	most  int
	cut   bool
}

func newPicture(cfg *Config) picture {
	zone := time.FixedZone("+07", 7*60*60) // Vietnam has no summer time
	p := picture{from: cfg.From, zone: zone, most: 2 * cfg.MostAlerts}
	y, m, d := cfg.From.In(zone).Date()
	p.first = time.Date(y, m, d, 0, 0, 0, 0, zone)
	for day := p.first; day.Before(cfg.To); day = day.AddDate(0, 0, 1) {
		next := Day{Day: day.Format(time.DateOnly)}
		if cfg.InForce != nil {
			next.InForce = new(int)
		}
		p.days = append(p.days, next)
	}
	return p
}

// add takes the alerts of one side of a station in. The bars are cut back to the newest once they are twice as many as they may be.
func (p *picture) add(side, station string, spans []*span) {
	for _, s := range spans {
		from := s.alert.OpenedAt
		if from.Before(p.from) {
			from = p.from
		}
		day := &p.days[min(int(from.Sub(p.first)/(24*time.Hour)), len(p.days)-1)]
		if side == SideDraft {
			day.Draft++
		} else {
			*day.InForce++
		}
		bar := Bar{
			Side: side, Station: station, Severity: s.alert.PeakSeverity, From: s.alert.OpenedAt.UTC(), To: s.end.UTC(),
			Alone: s.alone, Missed: s.missed,
		}
		if s.alert.Parameter != "" {
			bar.Parameter = &s.alert.Parameter
		}
		if p.bars = append(p.bars, bar); len(p.bars) >= 2*p.most {
			p.newest()
		}
	}
}

func (p *picture) newest() {
	slices.SortFunc(p.bars, func(a, b Bar) int {
		return cmp.Or(b.From.Compare(a.From), cmp.Compare(a.Station, b.Station), cmp.Compare(a.Side, b.Side), cmp.Compare(a.parameter(), b.parameter()))
	})
	if len(p.bars) > p.most {
		p.cut = true
		clear(p.bars[p.most:])
		p.bars = p.bars[:p.most]
	}
}

func (b *Bar) parameter() string {
	if b.Parameter == nil {
		return ""
	}
	return *b.Parameter
}

// finish hands the picture over, the bars in the order of their begin.
func (p *picture) finish(r *Report) {
	p.newest()
	slices.Reverse(p.bars)
	r.Days, r.Spans, r.Truncated = p.days, append([]Bar{}, p.bars...), r.Truncated || p.cut
}
