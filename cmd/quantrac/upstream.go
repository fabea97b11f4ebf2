package main

import (
	"context"
	"fmt"
	"time"

	"quantrac/geo"
	"quantrac/ingest"
	"quantrac/ingest/history"
	"quantrac/web"
)

// flowOut is what an outfall discharges, in m³/h; concentrations are in mg/L, which is g/m³.
const (
	flowOut       = "flow_out"
	flowUnit      = "m³/h"
	concentration = "mg/L"
	// kgADay turns g/h into kg a day.
	kgADay = 24.0 / 1000
	// loadEvery is the span over which concentration and flow are averaged before they are multiplied.
	loadEvery = 15 * time.Minute
)

// upstreamFor looks up the river for what was seen at a station, with loads out of the history.
func upstreamFor(l *law, store history.Store, cat *ingest.Catalogue) web.Upstream {
	flow, _ := cat.Parameter(flowOut)
	return func(ctx context.Context, q web.UpstreamQuery) (web.UpstreamAnswer, error) {
		p, ok := cat.Parameter(q.Parameter)
		query := geo.UpstreamQuery{Station: q.Station, At: q.At}
		var failed error
		weighed := ok && p.Unit == concentration && flow != nil && flow.Unit == flowUnit
		if weighed {
			query.Loads = func(station string, from, to time.Time) []geo.Load {
				if failed != nil {
					return nil
				}
				loads, err := loadsOf(ctx, store, history.RawQuery{Station: station, Parameter: q.Parameter, From: from, To: to})
				failed = err
				return loads
			}
		}
		found, err := l.Registry().Upstream(query)
		if err == nil && failed != nil {
			err = fmt.Errorf("loads upstream of %s: %w", q.Station, failed)
		}
		return web.UpstreamAnswer{Candidates: found, Weighed: weighed}, err
	}
}

// loadsOf are the loads of an outfall in kg a day, wherever both its concentration and its flow were measured.
func loadsOf(ctx context.Context, store history.Store, q history.RawQuery) ([]geo.Load, error) {
	values, err := history.Windows(ctx, store, history.WindowQuery{RawQuery: q, Every: loadEvery, Fn: "mean"})
	if err != nil || len(values) == 0 {
		return nil, err
	}
	q.Parameter = flowOut
	flows, err := history.Windows(ctx, store, history.WindowQuery{RawQuery: q, Every: loadEvery, Fn: "mean"})
	if err != nil {
		return nil, err
	}
	flowAt := make(map[int64]float64, len(flows))
	for _, w := range flows {
		if w.Value != nil {
			flowAt[w.Time.UnixNano()] = *w.Value
		}
	}
	var loads []geo.Load
	for _, w := range values {
		if flow, ok := flowAt[w.Time.UnixNano()]; ok && w.Value != nil {
			loads = append(loads, geo.Load{At: w.Time, Value: *w.Value * flow * kgADay})
		}
	}
	return loads, nil
}
