package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// history answers what is queryable.
type history interface {
	// times are the measured_at of a station's first parameter from a time on, ascending; at most some thousands.
	times(ctx context.Context, station string, from time.Time) ([]time.Time, error)
	// totals are the count and sum of every parameter of the stations, in the order of parameters.
	totals(ctx context.Context, stations []string, from time.Time) (map[string][]total, error)
}

// queryWait bounds one question to history.
const queryWait = 2 * time.Minute

// get reads one JSON answer.
func get(ctx context.Context, client *http.Client, address string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, queryWait)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("ask history: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		const enough = 1 << 10
		text, _ := io.ReadAll(io.LimitReader(resp.Body, enough))
		return fmt.Errorf("ask history: %s: %s", resp.Status, strings.TrimSpace(string(text)))
	}
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		return fmt.Errorf("read the answer of history: %w", err)
	}
	_, _ = io.Copy(io.Discard, resp.Body) // so that the connection is used again
	return nil
}

// apiHistory asks quantrac.
type apiHistory struct {
	base   string
	client *http.Client
}

func (h *apiHistory) times(ctx context.Context, station string, from time.Time) ([]time.Time, error) {
	var page struct {
		Items []struct {
			MeasuredAt time.Time `json:"measured_at"`
		} `json:"items"`
	}
	q := url.Values{"parameter": {parameters[0].code}, "from": {instant(from)}, "to": {instant(time.Now().Add(time.Hour))}, "limit": {"10000"}}
	if err := get(ctx, h.client, h.base+"/api/v1/stations/"+station+"/readings?"+q.Encode(), &page); err != nil {
		return nil, err
	}
	out := make([]time.Time, len(page.Items))
	for i, it := range page.Items {
		out[i] = it.MeasuredAt
	}
	return out, nil
}

func instant(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// askedAtOnce is how many questions of a verification are under way.
const askedAtOnce = 4

func (h *apiHistory) totals(ctx context.Context, stations []string, from time.Time) (map[string][]total, error) {
	out := make(map[string][]total, len(stations))
	for _, s := range stations {
		out[s] = make([]total, len(parameters))
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(askedAtOnce)
	for _, s := range stations {
		series := out[s]
		g.Go(func() error {
			for i := range series {
				var err error
				if series[i], err = h.total(ctx, s, parameters[i].code, from); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	return out, nil
}

func (h *apiHistory) total(ctx context.Context, station, parameter string, from time.Time) (total, error) {
	var page struct {
		Items []struct {
			Value float64 `json:"value"`
			Count int64   `json:"count"`
		} `json:"items"`
		Next *string `json:"next_cursor"`
	}
	q := url.Values{"parameter": {parameter}, "from": {instant(from)}, "to": {instant(time.Now().Add(time.Hour))}, "every": {"1d"}, "fn": {"mean"}, "limit": {"1000"}}
	if err := get(ctx, h.client, h.base+"/api/v1/stations/"+station+"/readings?"+q.Encode(), &page); err != nil {
		return total{}, err
	}
	if page.Next != nil {
		return total{}, fmt.Errorf("%s %s: more days than one page holds", station, parameter)
	}
	var t total
	for _, w := range page.Items {
		t.count += w.Count
		t.sum += hundredths(w.Value * float64(w.Count))
	}
	return t, nil
}

func hundredths(v float64) int64 { return int64(math.Round(v * 100)) }

// influxHistory asks an InfluxDB 1.8.
type influxHistory struct {
	base   string
	client *http.Client
	// prefix is what stands before a parameter's code in the name of its field.
	prefix string
}

type influxAnswer struct {
	Results []struct {
		Series []struct {
			Tags   map[string]string `json:"tags"`
			Values [][]float64       `json:"values"`
		} `json:"series"`
		Error string `json:"error"`
	} `json:"results"`
}

func (h *influxHistory) ask(ctx context.Context, text string) (influxAnswer, error) {
	var a influxAnswer
	q := url.Values{"db": {influxDatabase}, "epoch": {"ms"}, "q": {text}}
	if err := get(ctx, h.client, h.base+"/query?"+q.Encode(), &a); err != nil {
		return a, err
	}
	if len(a.Results) != 1 {
		return a, errors.New("ask history: no result")
	}
	if msg := a.Results[0].Error; msg != "" && !strings.HasPrefix(msg, "database not found") {
		return a, fmt.Errorf("ask history: %s", msg)
	}
	return a, nil
}

func (h *influxHistory) times(ctx context.Context, station string, from time.Time) ([]time.Time, error) {
	a, err := h.ask(ctx, fmt.Sprintf(`SELECT "%s%s" FROM readings WHERE station = '%s' AND time >= %dms`, h.prefix, parameters[0].code, station, from.UnixMilli()))
	if err != nil {
		return nil, err
	}
	var out []time.Time
	for _, s := range a.Results[0].Series {
		for _, row := range s.Values {
			out = append(out, time.UnixMilli(int64(row[0])))
		}
	}
	return out, nil
}

func (h *influxHistory) totals(ctx context.Context, _ []string, from time.Time) (map[string][]total, error) {
	var fields []string
	for _, p := range parameters {
		fields = append(fields, fmt.Sprintf(`count("%[1]s%[2]s"), sum("%[1]s%[2]s")`, h.prefix, p.code))
	}
	a, err := h.ask(ctx, fmt.Sprintf(`SELECT %s FROM readings WHERE time >= %dms GROUP BY station`, strings.Join(fields, ", "), from.UnixMilli()))
	if err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	out := map[string][]total{}
	for _, s := range a.Results[0].Series {
		for _, row := range s.Values {
			series := make([]total, len(parameters))
			for i := range series {
				series[i] = total{int64(row[1+2*i]), hundredths(row[2+2*i])}
			}
			out[s.Tags["station"]] = series
		}
	}
	return out, nil
}
