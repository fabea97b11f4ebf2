package quality

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// Targets of the figures. The six words have no official measure; the document figures.md names the source of each.
const (
	TargetCorrect      = 0.95
	TargetComplete     = 0.95
	FloorComplete      = 0.80
	TargetClean        = 0.98
	MostQuarantined    = 0.01
	TargetAlive        = 0.95
	MostDelay          = 300 // seconds, of 95 % of live readings
	TargetUniform      = 1.0
	TargetShared       = 1.0
	TargetAvailability = 0.995
)

// Figure is one of the six. Value is a share, or nil where Reason says why there is none. OK is whether all of its targets are met.
type Figure[P any] struct {
	Value  *float64 `json:"value"`
	Target float64  `json:"target"`
	OK     *bool    `json:"ok"`
	Reason *string  `json:"reason"`
	Parts  P        `json:"parts"`
}

// Why a figure has no value.
const (
	// NoData: nothing came that could be judged.
	NoData = "no_data"
	// NothingExpected: in the span no record was due from a station that is known.
	NothingExpected = "nothing_expected"
)

// Correct are the parts of đúng: of Readings, Right is the rest behind those that are not, each counted for the first reason that applies.
type Correct struct {
	Readings           int64 `json:"readings"`
	Right              int64 `json:"right"`
	Fault              int64 `json:"fault"`
	Calibrating        int64 `json:"calibrating"`
	NoNumber           int64 `json:"no_number"`
	UnitUnknown        int64 `json:"unit_unknown"`
	OutOfRange         int64 `json:"out_of_range"`
	Suspect            int64 `json:"suspect"`
	CalibrationOverdue int64 `json:"calibration_overdue"`
	// Of the declared parameters, by the calibration of their instruments today.
	ParametersInDate  int64 `json:"parameters_in_date"`
	ParametersOverdue int64 `json:"parameters_overdue"`
	ParametersUnknown int64 `json:"parameters_unknown"`
}

// Complete are the parts of đủ, of the declared parameters. Covered are the received records, at most as many a day and parameter as
// expected, so that what one has too much hides no other's gap.
type Complete struct {
	Expected int64   `json:"expected"`
	Received int64   `json:"received"`
	Covered  int64   `json:"covered"`
	Missing  int64   `json:"missing"`
	Late     int64   `json:"late"`
	Floor    float64 `json:"floor"`
	// AboveFloor is whether the value reaches the floor; nil without one.
	AboveFloor *bool `json:"above_floor"`
}

// Clean are the parts of sạch, as the ledger has them, by received_at.
type Clean struct {
	Received    int64 `json:"received"`
	Stored      int64 `json:"stored"`
	Quarantined int64 `json:"quarantined"`
	Duplicate   int64 `json:"duplicate"`
	Revised     int64 `json:"revised"`
	// Suspect are the stored readings that stand still or jump.
	Suspect int64 `json:"suspect"`
	// QuarantineRate is Quarantined / Received; nil without any.
	QuarantineRate *float64 `json:"quarantine_rate"`
	QuarantineMost float64  `json:"quarantine_most"`
}

// Alive are the parts of sống: how long, of the time that a station is known, its newest record was at most 15 min old.
type Alive struct {
	AliveSeconds int64 `json:"alive_seconds"`
	KnownSeconds int64 `json:"known_seconds"`
	Stations     int64 `json:"stations"`
	// AliveNow are the stations whose newest record is at most 15 min old at the time of the answer.
	AliveNow int64 `json:"alive_now"`
	// Live are the readings that were no back-fill; 95 % of them took at most DelayP95 seconds from measured_at to received_at.
	Live      int64  `json:"live"`
	DelayP95  *int32 `json:"delay_p95_seconds"`
	DelayMost int64  `json:"delay_most_seconds"`
}

// Uniform are the parts of thống nhất: the stored readings, each odd one counted for the first reason that applies, and the rejected
// parts whose name means nothing.
type Uniform struct {
	Records            int64 `json:"records"`
	Uniform            int64 `json:"uniform"`
	UnitUnknown        int64 `json:"unit_unknown"`
	Clock              int64 `json:"clock"`
	Undeclared         int64 `json:"undeclared"`
	StatusUnknown      int64 `json:"status_unknown"`
	UnmappedParameters int64 `json:"unmapped_parameters"`
	UnmappedStations   int64 `json:"unmapped_stations"`
	// ClockSuspect seem off by a time zone; they count as Clock where most of a station's readings do.
	ClockSuspect int64 `json:"clock_suspect"`
	// UnitConverted came in another known unit; they are uniform.
	UnitConverted int64 `json:"unit_converted"`
}

// Shared are the parts of dùng chung. What is of the whole service stands in the total only.
type Shared struct {
	Stations  int64 `json:"stations"`
	Published int64 `json:"published"`
	// Availability is AvailableSeconds / ObservedSeconds; nil, with the reason, where nothing is known.
	Availability       *float64 `json:"availability"`
	AvailabilityReason *string  `json:"availability_reason"`
	AvailabilityTarget float64  `json:"availability_target"`
	AvailableSeconds   int64    `json:"available_seconds"`
	ObservedSeconds    int64    `json:"observed_seconds"`
	// Consumers are the programs that are given the data; nil = not known.
	Consumers *int `json:"consumers"`
}

// Why the availability has no value.
const (
	// NotObserved: the span lies before the service counted its own time.
	NotObserved = "not_observed"
	// OfTheService: it is a figure of the whole service, in the total.
	OfTheService = "of_the_service"
)

// Figures are the six, and what to do about them, the weightiest first.
type Figures struct {
	Correct  Figure[Correct]  `json:"correct"`
	Complete Figure[Complete] `json:"complete"`
	Clean    Figure[Clean]    `json:"clean"`
	Alive    Figure[Alive]    `json:"alive"`
	Uniform  Figure[Uniform]  `json:"uniform"`
	Shared   Figure[Shared]   `json:"shared"`
	Todo     []Todo           `json:"todo"`
}

// StationFigures are those of one station.
type StationFigures struct {
	Station string `json:"station"`
	Park    string `json:"park"`
	// Since is from when on anything is expected of the station; nil = nothing is yet.
	Since *time.Time `json:"since"`
	// SilentFor is for how many seconds its newest record has been too old; nil where it never spoke.
	SilentFor *int64 `json:"silent_seconds"`
	Figures
}

// ParkFigures are those of the stations of one park; "" = of those that are in none.
type ParkFigures struct {
	Park     string `json:"park"`
	Stations int64  `json:"stations"`
	Figures
}

// Report is the answer for a span.
type Report struct {
	// From and To are the whole hours that the figures are of.
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// CountedFrom is the hour from which on anything was counted; nil = there was nothing before.
	CountedFrom *time.Time       `json:"counted_from"`
	Total       Figures          `json:"total"`
	Parks       []ParkFigures    `json:"parks"`
	Stations    []StationFigures `json:"stations"`
	// Unassigned is what belongs to no station of the registry; the total's Clean and Uniform hold it too.
	Unassigned Clean `json:"unassigned"`
}

// Report makes the figures of a span, which is widened to whole hours. Several at a time wait for each other.
func (s *Store) Report(ctx context.Context, from, to time.Time) (*Report, error) {
	s.reading.Lock()
	defer s.reading.Unlock()
	sp := s.spanOf(from, to)
	stations, others, err := s.sums(ctx, sp)
	if err != nil {
		return nil, err
	}
	out := &Report{From: timeOf(sp.from), To: timeOf(sp.to), Parks: []ParkFigures{}, Stations: []StationFigures{}, Unassigned: others.clean()}
	if s.floor > 0 {
		at := timeOf(s.floor)
		out.CountedFrom = &at
	}
	var total sum
	parks := map[string]*group{}
	for _, st := range stations {
		f := StationFigures{Station: st.of.ID, Park: st.of.Park, Figures: st.figures()}
		f.Todo = st.todo()
		if st.begin != none {
			at := time.Unix(st.begin, 0).UTC()
			f.Since = &at
			f.SilentFor = st.silentFor()
		}
		out.Stations = append(out.Stations, f)
		total.add(&st.sum)
		g := parks[st.of.Park]
		if g == nil {
			g = &group{}
			parks[st.of.Park] = g
		}
		g.add(&st.sum)
		g.todo = append(g.todo, f.Todo...)
	}
	for id, g := range parks {
		f := g.figures()
		f.Todo = merged(g.todo)
		out.Parks = append(out.Parks, ParkFigures{Park: id, Stations: g.stations, Figures: f})
	}
	slices.SortFunc(out.Parks, func(a, b ParkFigures) int { return cmp.Compare(a.Park, b.Park) })
	out.Total = s.total(sp, total, others, out.Stations)
	return out, nil
}

// group adds up the stations of a park.
type group struct {
	sum
	todo []Todo
}

func (s *Store) total(sp span, total, others sum, stations []StationFigures) Figures {
	var all []Todo
	for i := range stations {
		all = append(all, stations[i].Todo...)
	}
	for c := stored; c < counters; c++ {
		total.n[c] += others.n[c]
	}
	f := total.figures()
	f.Shared = s.shared(sp, &total)
	f.Todo = merged(append(all, others.todoUnassigned()...))
	return f
}

func (st *station) silentFor() *int64 {
	if st.aliveNow == 0 && st.gone == 0 {
		return nil
	}
	return &st.gone
}

func share(part, of int64) *float64 {
	if of <= 0 {
		return nil
	}
	v := min(max(float64(part)/float64(of), 0), 1) // a retry may take back more than a span holds
	return &v
}

func figure[P any](value *float64, target float64, reason string, parts P) Figure[P] {
	f := Figure[P]{Value: value, Target: target, Parts: parts}
	if value == nil {
		f.Reason = &reason
		return f
	}
	ok := *value >= target
	f.OK = &ok
	return f
}

// must makes a further target count.
func (f *Figure[P]) must(met bool) {
	if f.OK != nil {
		ok := *f.OK && met
		f.OK = &ok
	}
}

func (a *sum) figures() Figures {
	f := Figures{Correct: a.correctness(), Complete: a.completeness(), Clean: a.cleanness(), Alive: a.aliveness(), Uniform: a.uniformity()}
	reason := OfTheService
	f.Shared = figure(share(a.stations, a.stations), TargetShared, NoData, Shared{
		Stations: a.stations, Published: a.stations, AvailabilityTarget: TargetAvailability, AvailabilityReason: &reason,
	})
	return f
}

func (a *sum) correctness() Figure[Correct] {
	p := Correct{
		Readings: a.received, Right: a.received - a.wrong - a.overdue, Fault: a.n[fault], Calibrating: a.n[calibrating], NoNumber: a.n[noNumber],
		UnitUnknown: a.n[unitUnknown], OutOfRange: a.n[outOfRange], Suspect: a.n[suspect], CalibrationOverdue: a.overdue,
		ParametersInDate: a.calibrated, ParametersOverdue: a.overdueNow, ParametersUnknown: a.uncalibrated,
	}
	return figure(share(p.Right, p.Readings), TargetCorrect, NoData, p)
}

func (a *sum) completeness() Figure[Complete] {
	p := Complete{Expected: a.expected, Covered: a.covered, Missing: a.expected - a.covered, Received: a.declared, Late: a.n[late], Floor: FloorComplete}
	value := share(a.covered, a.expected)
	if value != nil {
		above := *value >= FloorComplete
		p.AboveFloor = &above
	}
	return figure(value, TargetComplete, NothingExpected, p)
}

func (a *sum) clean() Clean {
	return Clean{
		Received: a.booked(), Stored: a.n[stored], Quarantined: a.n[quarantined], Duplicate: a.n[duplicate], Revised: a.n[revised],
		Suspect: a.n[doubtful], QuarantineRate: share(a.n[quarantined], a.booked()), QuarantineMost: MostQuarantined,
	}
}

func (a *sum) cleanness() Figure[Clean] {
	p := a.clean()
	f := figure(share(p.Stored-p.Suspect, p.Received), TargetClean, NoData, p)
	f.must(p.QuarantineRate == nil || *p.QuarantineRate < MostQuarantined)
	return f
}

func (a *sum) aliveness() Figure[Alive] {
	p := Alive{AliveSeconds: a.alive, KnownSeconds: a.aliveOf, Stations: a.stations, AliveNow: a.aliveNow, DelayMost: MostDelay}
	for _, n := range a.lag {
		p.Live += n
	}
	p.DelayP95 = a.delay(p.Live)
	f := figure(share(p.AliveSeconds, p.KnownSeconds), TargetAlive, NothingExpected, p)
	f.must(p.DelayP95 == nil || *p.DelayP95 <= MostDelay)
	return f
}

// delay is the upper end of the class that holds the 95th percentile.
func (a *sum) delay(live int64) *int32 {
	if live == 0 {
		return nil
	}
	rank := (live*95 + 99) / 100
	for i, n := range a.lag {
		if rank -= n; rank <= 0 {
			return &lagBounds[i]
		}
	}
	return nil
}

func (a *sum) uniformity() Figure[Uniform] {
	p := Uniform{
		UnitUnknown: a.n[oddUnit], Clock: a.n[oddClock] + a.skewed, ClockSuspect: a.n[clockSuspect], Undeclared: a.n[oddName], StatusUnknown: a.n[oddStatus],
		UnmappedParameters: a.n[unmappedParameter], UnmappedStations: a.n[unmappedStation], UnitConverted: a.n[converted],
	}
	unmapped := p.UnmappedParameters + p.UnmappedStations
	p.Records = a.n[stored] + unmapped
	p.Uniform = p.Records - unmapped - p.UnitUnknown - p.Clock - p.Undeclared - p.StatusUnknown
	return figure(share(p.Uniform, p.Records), TargetUniform, NoData, p)
}

// shared is the figure of the whole service.
func (s *Store) shared(sp span, total *sum) Figure[Shared] {
	p := Shared{Stations: total.stations, Published: total.stations, AvailabilityTarget: TargetAvailability}
	s.mu.RLock()
	seconds, since := s.up.between(sp.from, sp.to)
	if at := s.up.at; !at.IsZero() {
		seconds += max(0, sp.end-max(at.Unix(), sp.from*secondsPerHour)) // what is not counted yet
	}
	s.mu.RUnlock()
	if since != none {
		p.ObservedSeconds = max(0, sp.end-max(sp.from*secondsPerHour, since))
	}
	p.AvailableSeconds = min(seconds, p.ObservedSeconds)
	p.Availability = share(p.AvailableSeconds, p.ObservedSeconds)
	if s.opt.Consumers != nil {
		n := s.opt.Consumers()
		p.Consumers = &n
	}
	f := figure(share(p.Published, p.Stations), TargetShared, NoData, p)
	if p.Availability == nil {
		reason := NotObserved
		f.Parts.AvailabilityReason, f.OK = &reason, nil
		return f
	}
	f.must(*p.Availability >= TargetAvailability)
	return f
}

// CheckSpan says what is wrong with a span; "" = nothing.
func CheckSpan(from, to time.Time) string {
	switch {
	case !from.Before(to):
		return "from must lie before to"
	case to.Sub(from) > MostDays*24*time.Hour:
		return fmt.Sprintf("at most %d days at a time", MostDays)
	}
	return ""
}
