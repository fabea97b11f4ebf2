package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/gorilla/websocket"

	"quantrac/alerts"
	"quantrac/geo"
)

// payload is one encoded message. It is shared by all clients that get the same, and framed, and for those that take it compressed, once
// for all of them.
type payload struct {
	encoded []byte
	prepare func() (*websocket.PreparedMessage, error)
}

func newPayload(encoded []byte) *payload {
	return &payload{encoded: encoded, prepare: sync.OnceValues(func() (*websocket.PreparedMessage, error) {
		return websocket.NewPreparedMessage(websocket.TextMessage, encoded)
	})}
}

// worthCompressing is the length, in bytes, from which a message is compressed.
const worthCompressing = 512

// write sends the message whole: what compresses does so into memory, and holds none of it while a slow client takes its time.
func (p *payload) write(conn *websocket.Conn) error {
	m, err := p.prepare()
	if err != nil {
		return err
	}
	conn.EnableWriteCompression(len(p.encoded) >= worthCompressing)
	return conn.WritePreparedMessage(m)
}

// readings is a frame's newest values, encoded once for everybody and put together once for each filter.
type readings struct {
	sequence uint64
	items    []alerts.LiveReading
	encoded  [][]byte
	whole    *payload
	// parts is what a filter lets through, by its key; a part without items is not sent. The hub's lock guards it.
	parts map[string]part
}

type part struct {
	items   []alerts.LiveReading
	payload *payload
}

func newReadings(seq uint64, items []alerts.LiveReading) *readings {
	r := &readings{sequence: seq, items: items, encoded: make([][]byte, len(items)), parts: map[string]part{}}
	for i := range items {
		r.encoded[i] = encode(&items[i])
	}
	r.whole = newPayload(joinReadings(seq, r.encoded))
	return r
}

// of is what the filter lets through.
func (r *readings) of(f *filter, place func(string) (string, geo.Point, bool)) part {
	if f.everything() {
		return part{r.items, r.whole}
	}
	if p, ok := r.parts[f.key]; ok {
		return p
	}
	var p part
	var encoded [][]byte
	for i := range r.items {
		if f.allows(place, r.items[i].Station) {
			p.items, encoded = append(p.items, r.items[i]), append(encoded, r.encoded[i])
		}
	}
	if len(p.items) > 0 {
		p.payload = newPayload(joinReadings(r.sequence, encoded))
	}
	r.parts[f.key] = p
	return p
}

// joinReadings makes a frame of encoded items.
func joinReadings(seq uint64, items [][]byte) []byte {
	size := 0
	for _, it := range items {
		size += len(it) + 1
	}
	const around = 64
	b := append(make([]byte, 0, size+around), `{"type":"readings","sequence":`...)
	b = strconv.AppendUint(b, seq, 10)
	b = append(b, `,"items":[`...)
	b = append(b, bytes.Join(items, []byte{','})...)
	return append(b, "]}"...)
}

func encodeReadings(seq uint64, items []alerts.LiveReading) []byte {
	encoded := make([][]byte, len(items))
	for i := range items {
		encoded[i] = encode(&items[i])
	}
	return joinReadings(seq, encoded)
}

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		// Every type above is ours and has no value that JSON lacks; a new one that has is a fault of the program.
		panic("websocket frame: " + err.Error())
	}
	return b
}

// keyOf is the same for filters that name the same. What is named is quoted, so that no two sets are mixed up.
func keyOf(f *filter) string {
	var b strings.Builder
	for _, set := range []map[string]bool{f.parks, f.stations} {
		for _, name := range slices.Sorted(maps.Keys(set)) {
			b.WriteString(strconv.Quote(name))
		}
		b.WriteByte('|')
	}
	if f.box != nil {
		fmt.Fprint(&b, *f.box)
	}
	return b.String()
}
