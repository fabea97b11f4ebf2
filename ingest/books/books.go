// Package books keeps the ledger: for every gateway and station, received = stored + quarantined + duplicate + revised.
//
// It promises:
//   - What came in is counted exactly once, in records of the BOOKS stream that cover the intake log piece by piece, each appended
//     under the expected sequence before history is written. After a crash a recorded verdict is used again, never made anew.
//   - The first value of a (station, parameter, measured_at) stays in history. The same again is a duplicate; another one is a
//     revision: marked in history, kept in full in the CONFLICTS stream. The same means the same number, or none on both sides,
//     with the same device status. Flags and unit do not count: flags depend on when and how a value came, and the number is in
//     the canonical unit.
//   - In-order data costs no lookup. What is out of order is compared with history and with all that is booked before it, since
//     that is in history by then or belongs to the same piece of the log.
//   - Memory goes with stations and their gateways, not with time; figures in docs/operations.md. The totals are exact for ever.
//     Per second the books are kept for a day, per hour for 90 days, then per day.
package books

import (
	"fmt"
	"hash/fnv"
	"strings"
	"time"
)

// Key names whom a line of the books is about. Station is "" for what belongs to no known station.
type Key struct {
	Gateway string `json:"gateway"`
	Station string `json:"station"`
}

// Counts are the figures of one line. Received is the sum of the others. A retry takes back what was quarantined, so the figures
// of a stretch of time may be negative where it holds the delivery and not, or no more, its quarantine.
type Counts struct {
	Received    int64 `json:"received"`
	Stored      int64 `json:"stored"`
	Quarantined int64 `json:"quarantined"`
	Duplicate   int64 `json:"duplicate"`
	Revised     int64 `json:"revised"`
}

func (c *Counts) add(o Counts) {
	c.Received += o.Received
	c.Stored += o.Stored
	c.Quarantined += o.Quarantined
	c.Duplicate += o.Duplicate
	c.Revised += o.Revised
}

func (c Counts) minus() Counts {
	return Counts{-c.Received, -c.Stored, -c.Quarantined, -c.Duplicate, -c.Revised}
}

// Gap is a stretch of sequence numbers that never came.
type Gap struct {
	// From and To are the times of the messages before and behind it.
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Missing uint64    `json:"missing"`
}

// Bounds of what strangers can write into the books.
const (
	maxGateway = 128
	// maxGateways is how many gateways one station has lines for; the rest share the line Others.
	maxGateways = 64
	// holders is how many holders share what belongs to no station.
	holders = 256
)

// Others is the gateway of lines beyond the bound of gateways for one station.
const Others = "(others)"

// gatewayName is a gateway's name as the books write it: valid text of bounded length, different for different gateways.
func gatewayName(name string) string {
	name = strings.ToValidUTF8(name, "\uFFFD")
	if len(name) <= maxGateway {
		return name
	}
	return fmt.Sprintf("%s…%08x", strings.ToValidUTF8(name[:maxGateway-16], ""), hash(name))
}

func hash(s string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(s))
	return h.Sum32()
}

// holder is whose chunk holds a line: the station's, or for no station one by the gateway's name.
func (k Key) holder() string {
	if k.Station != "" {
		return k.Station
	}
	return fmt.Sprintf("_none.%02x", hash(k.Gateway)%holders)
}
