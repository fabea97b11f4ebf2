package webhook

import (
	"container/heap"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"quantrac/alerts"
)

// delivery is one event on its way to one webhook.
type delivery struct {
	id string
	place
	event alerts.Event
	// tries so far, and when the next one is due.
	tries int
	due   time.Time
	// step is what the delivery holds open until it is recorded; nil = it is.
	step *step
	// queued is when the event was first queued, or last asked for by hand.
	queued time.Time
	// byHand: asked for by a person, so that its age says nothing about us.
	byHand bool
	// flying: a try is under way.
	flying bool
	// at is the index in the heap of later deliveries.
	at int
}

const idPrefix = "msg_"

// deliveryID names an event to a webhook: the same for ever, and different for another event at the same place of a journal
// that began anew. The place can be read out of it.
func deliveryID(webhook string, p place, ev *alerts.Event) string {
	h := sha256.New()
	for _, part := range []string{webhook, ev.Alert.ID, string(ev.Type), strconv.Itoa(ev.Alert.Revision), ev.Made.UTC().Format(time.RFC3339Nano)} {
		_, _ = io.WriteString(h, part)
		_, _ = h.Write([]byte{0})
	}
	return fmt.Sprintf("%s%s_%s_%s", idPrefix, strconv.FormatUint(p.seq, 36), strconv.FormatInt(int64(p.index), 36), hex.EncodeToString(h.Sum(nil)[:10]))
}

// placeOf reads the place out of a delivery's id.
func placeOf(id string) (place, bool) {
	rest, ok := strings.CutPrefix(id, idPrefix)
	parts := strings.Split(rest, "_")
	if !ok || len(parts) != 3 {
		return place{}, false
	}
	seq, err := strconv.ParseUint(parts[0], 36, 64)
	if err != nil || seq == 0 {
		return place{}, false
	}
	index, err := strconv.ParseInt(parts[1], 36, 32)
	return place{seq, int(index)}, err == nil && index >= 0
}

// queue orders the open deliveries of one webhook. Those of one alert stand in a lane, and only the first of a lane may be
// tried. It belongs to one goroutine.
type queue struct {
	byID  map[string]*delivery
	lanes map[string][]*delivery
	// fresh are firsts of lanes that were not tried yet, later those that wait for their next try.
	fresh []*delivery
	later dueHeap
	// flying and retrying count the tries that are under way, and those of them that are not the first.
	flying, retrying int
	// limit is how many may be under way at once.
	limit int
}

func newQueue() *queue {
	return &queue{byID: map[string]*delivery{}, lanes: map[string][]*delivery{}, limit: inFlight}
}

func (q *queue) size() int { return len(q.byID) }

// add appends d to the lane of its alert. held means that it stands behind one that has failed.
func (q *queue) add(d *delivery) (held bool) {
	lane := append(q.lanes[d.event.Alert.ID], d)
	q.lanes[d.event.Alert.ID] = lane
	q.byID[d.id] = d
	if len(lane) == 1 {
		q.schedule(d)
	}
	return len(lane) > 1 && lane[0].tries > 0
}

func (q *queue) schedule(d *delivery) {
	if d.tries == 0 {
		q.fresh = append(q.fresh, d)
		return
	}
	heap.Push(&q.later, d)
}

// next takes out a delivery that may be tried now; nil = none.
func (q *queue) next(now time.Time) *delivery {
	if !q.ready(now) {
		return nil
	}
	q.flying++
	if len(q.fresh) > 0 {
		d := q.fresh[0]
		q.fresh[0] = nil
		q.fresh = q.fresh[1:]
		d.flying = true
		return d
	}
	d := heap.Pop(&q.later).(*delivery)
	q.retrying++
	d.flying = true
	return d
}

// ready reports whether next has a delivery.
func (q *queue) ready(now time.Time) bool {
	if q.flying >= q.limit {
		return false
	}
	return len(q.fresh) > 0 || q.mayRetry() && !q.later[0].due.After(now)
}

func (q *queue) mayRetry() bool {
	return len(q.later) > 0 && q.flying < q.limit && q.retrying < max(1, q.limit/2)
}

// wake is when next should be asked again if nothing else happens.
func (q *queue) wake() (time.Time, bool) {
	if !q.mayRetry() {
		return time.Time{}, false
	}
	return q.later[0].due, true
}

// landed ends a try of d; again or finish must follow.
func (q *queue) landed(d *delivery) {
	q.flying--
	d.flying = false
	if d.tries > 0 {
		q.retrying--
	}
}

// again plans the next try of d and returns what stands behind it.
func (q *queue) again(d *delivery, due time.Time) []*delivery {
	d.tries++
	d.due = due
	q.schedule(d)
	return q.lanes[d.event.Alert.ID][1:]
}

// finish takes d, the first of its lane, out for good.
func (q *queue) finish(d *delivery) {
	delete(q.byID, d.id)
	lane := q.lanes[d.event.Alert.ID]
	lane[0] = nil
	lane = lane[1:]
	if len(lane) == 0 {
		delete(q.lanes, d.event.Alert.ID)
		return
	}
	q.lanes[d.event.Alert.ID] = lane
	q.schedule(lane[0])
}

// overdue lists the firsts of lanes that were queued before t and are not under way.
func (q *queue) overdue(t time.Time) []*delivery {
	var list []*delivery
	for _, lane := range q.lanes {
		if d := lane[0]; !d.flying && d.queued.Before(t) {
			list = append(list, d)
		}
	}
	return list
}

// drop finishes a first of a lane that is not under way.
func (q *queue) drop(d *delivery) {
	if d.at < len(q.later) && q.later[d.at] == d {
		heap.Remove(&q.later, d.at)
	} else {
		q.fresh = slices.DeleteFunc(q.fresh, func(f *delivery) bool { return f == d })
	}
	q.finish(d)
}

// hurry makes the next try of a delivery due now; ok is false when there is no such delivery.
func (q *queue) hurry(id string, now time.Time) (ok bool) {
	d, ok := q.byID[id]
	if ok && d.at < len(q.later) && q.later[d.at] == d {
		d.due = now
		heap.Fix(&q.later, d.at)
	}
	return ok
}

// dueHeap has the delivery that is due next on top.
type dueHeap []*delivery

func (h dueHeap) Len() int { return len(h) }

func (h dueHeap) Less(i, j int) bool {
	if !h[i].due.Equal(h[j].due) {
		return h[i].due.Before(h[j].due)
	}
	return h[i].compare(h[j].place) < 0
}

func (h dueHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].at, h[j].at = i, j
}

// Push is for package heap.
func (h *dueHeap) Push(x any) {
	d := x.(*delivery)
	d.at = len(*h)
	*h = append(*h, d)
}

// Pop is for package heap.
func (h *dueHeap) Pop() any {
	last := len(*h) - 1
	d := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return d
}
