package broker

import (
	"slices"
	"strings"
)

// AllStations permits every station, as an entry of Identity.Stations.
const AllStations = "*"

// Identity is who a gateway proved to be.
type Identity struct {
	// ID names the gateway in the log and the ledger; "" for an anonymous one.
	ID string
	// Stations are the ids it may publish for; AllStations permits all, an empty list none.
	Stations []string

	// account is where the identity comes from, so that a change of it is noticed.
	account *account
}

func (i Identity) all() bool { return slices.Contains(i.Stations, AllStations) }

// May reports whether the identity may speak for a station.
func (i Identity) May(station string) bool { return i.all() || slices.Contains(i.Stations, station) }

// Only is the one station that the identity may speak for, or "" when it is none or several.
func (i Identity) Only() string {
	if len(i.Stations) != 1 || i.all() {
		return ""
	}
	return i.Stations[0]
}

// Allowed is May in the form of ingest.Delivery.Allowed, where nil permits all.
func (i Identity) Allowed() func(station string) bool {
	if i.all() {
		return nil
	}
	return i.May
}

// mayRead judges a topic filter without its share. Only messages of quantrac/v1/{station}/status and what the broker itself
// publishes are ever routed, so filters outside quantrac/ are granted to everybody: devices of many vendors wait for
// commands on topics of their own, and give up when that is refused. mayHear judges what comes of it.
func (i Identity) mayRead(filter string) bool {
	first, rest, _ := strings.Cut(filter, "/")
	switch {
	case strings.HasPrefix(first, "$"):
		return false
	case first != "quantrac" && first != "+" && first != "#":
		return true
	case i.all():
		return true
	}
	rest, ok := strings.CutPrefix(rest, "v1/")
	if first != "quantrac" || !ok {
		return false
	}
	station, _, ok := strings.Cut(rest, "/")
	return ok && i.May(station)
}

// mayHear judges whether a message gets through a filter that was granted. A command for an edge node of Sparkplug,
// spBv1.0/{group}/NCMD/{node}, is for whoever can name group and node: what others are asked is not to be listened in to.
func (i Identity) mayHear(filter, topic string) bool {
	const group, node, levels = 1, 3, 5
	if i.all() || !strings.HasPrefix(topic, "spBv1.0/") {
		return true
	}
	want, is := strings.SplitN(filter, "/", levels), strings.SplitN(topic, "/", levels)
	return len(want) > node && len(is) > node && want[group] == is[group] && want[node] == is[node]
}
