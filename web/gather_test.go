package web

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"quantrac/alerts"
)

// The first reading goes at once; what comes within the pause goes together, the newest of each series.
func TestGather(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newTestHub(smallRegistry(t))
		c := subscribed(t, h, filter{})
		drain(t, c)
		var oldest []time.Duration
		begin := time.Now()
		g := NewGather(h, func(at time.Time) { oldest = append(oldest, at.Sub(begin)) })
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- g.Run(ctx) }()
		add := func(items ...alerts.LiveReading) { g.Add(items, time.Now()) }

		add(reading("amata-01", 1))
		synctest.Wait()
		if frames, _ := drain(t, c); kinds(frames) != "readings" || frames[0].Items[0].Value != 1 {
			t.Errorf("the first did not go at once: %+v", frames)
		}
		add()
		for v := range 10 {
			time.Sleep(gatherEvery / 20)
			add(reading("amata-01", float64(v)), reading("amata-02", float64(-v)))
			h.Alert(alertAt("amata-01", "a", v))
		}
		synctest.Wait()
		if frames, _ := drain(t, c); len(frames) != 10 || frames[9].Type != "alert" {
			t.Errorf("alerts wait, or readings do not: %s", kinds(frames))
		}
		time.Sleep(gatherEvery)
		synctest.Wait()
		frames, _ := drain(t, c)
		if kinds(frames) != "readings" || len(frames[0].Items) != 2 || frames[0].Items[0].Value != 9 || frames[0].Items[1].Value != -9 {
			t.Errorf("gathered: %+v", frames)
		}
		if len(oldest) != 2 || oldest[0] != 0 || oldest[1] != gatherEvery/20 {
			t.Errorf("the oldest came after %v", oldest)
		}
		time.Sleep(10 * gatherEvery)
		synctest.Wait()
		if frames, _ := drain(t, c); len(frames) != 0 {
			t.Errorf("out of nothing: %s", kinds(frames))
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// Clients of the same filter share one encoded frame, whatever the order in which they named what they want.
func TestFramesAreShared(t *testing.T) {
	h := newTestHub(smallRegistry(t))
	filters := []clientMessage{
		{}, {}, {Parks: []string{"amata", "loteco"}}, {Parks: []string{"loteco", "amata"}}, {Stations: []string{"amata", "loteco"}}, {Parks: []string{"nowhere"}},
	}
	var clients []*client
	for _, m := range filters {
		f, _ := m.filter()
		clients = append(clients, subscribed(t, h, f))
		drain(t, clients[len(clients)-1])
	}
	h.Readings([]alerts.LiveReading{reading("amata-01", 1), reading("river-01", 2)})
	var got []*payload
	for _, c := range clients {
		p, _ := c.next()
		got = append(got, p)
	}
	if got[0] != got[1] || got[2] != got[3] || got[0] == got[2] || got[4] != nil || got[5] != nil {
		t.Errorf("payloads %v", got)
	}
	if f := parse(t, got[2].encoded); len(f.Items) != 1 || f.Items[0].Station != "amata-01" || f.Sequence == 0 {
		t.Errorf("%+v", f)
	}
}
