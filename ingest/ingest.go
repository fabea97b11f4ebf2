// Package ingest says what was measured: parameters, readings and the way from a gateway's bytes to both.
//
// It is pure: no I/O, no clock, no logger. A Door takes a Delivery (the bytes as they came), lets a dialect read it,
// checks every item against registry and catalogue, and hands the result to the log. Promises: the raw bytes are kept
// with what was made of them; one bad item never takes its neighbours with it; a value that is no number never becomes
// 0; the caller hears "stored" only after the log said so.
package ingest

import "time"

// Delivery is one message, request or file as a gateway handed it over.
type Delivery struct {
	// Door is where it came in: "broker", "mqtt", "http", "ftp", "drop", "hj212".
	Door string
	// Gateway is the authenticated identity, else the client id or address.
	Gateway string
	// Topic is the MQTT topic or the file name; "" for HTTP.
	Topic      string
	ReceivedAt time.Time
	// Dup is set when the transport says that it may have sent this before.
	Dup  bool
	Body []byte
	// TooLarge is set when Body holds only the first bytes of something beyond the size limit.
	TooLarge bool
	// Dialect, when set, is the only dialect that the body is read as; a topic mapping sets it. "" = the content decides.
	Dialect string
	// Retry is the id of the quarantine entry that these bytes are read from again; "" = a door brought them.
	Retry string
	// Parts, of a retry, is how many parts the books count as quarantined for that entry.
	Parts int
	// Station is the one that the authenticated gateway speaks for, if it is but one: it is meant where nothing else names one, or
	// where the payload only repeats Self, the name under which the gateway signed in.
	Station string
	Self    string
	// Allowed, when not nil, decides whether the authenticated gateway may speak for a station.
	Allowed func(station string) bool
}

// Limits on what a stranger can send.
const (
	// MaxBody is the largest packet or request body, in bytes.
	MaxBody = 1 << 20
	// KeptTooLarge is how many bytes are kept of a body beyond MaxBody.
	KeptTooLarge = 64 << 10
	// MaxItems is how many values one delivery may hold.
	MaxItems = 20000
)

// Item is one value as a dialect read it, before it is checked.
type Item struct {
	// Index is the message's place in the delivery, for answers; an object alone is 0.
	Index int
	// Station as the payload names it; "" = the topic decides.
	Station string
	// Name of the parameter as the gateway writes it.
	Name string
	// Value is the number, or NaN. Text is what stood in its place where it is NaN, and the text that it was read from where
	// that holds a separator, since only the station's settings tell a decimal one from one between thousands.
	Value float64
	Text  string
	// Unit as written; "" = as declared.
	Unit   string
	Status Status
	// MeasuredAt is zero when the payload has no time.
	MeasuredAt time.Time
	// LocalTime is set when the time was written without a zone and read as Vietnamese time; Check moves it to the station's.
	LocalTime bool
	Flags     Flags
}

// Mark is the sequence number that a gateway gave to one of its messages.
type Mark struct {
	// Index is the message's place in the delivery, as in Item.
	Index      int
	Station    string
	Sequence   uint64
	MeasuredAt time.Time
	// LocalTime as in Item.
	LocalTime bool
}

// Decoded is what a dialect made of a delivery.
type Decoded struct {
	Dialect string
	Items   []Item
	Marks   []Mark
	Rejects []Reject
}

// Reject is a part of a delivery that is no reading, and why. The raw bytes stay with it in quarantine.
type Reject struct {
	Index  int    `json:"index"`
	Reason string `json:"reason"`
	Detail string `json:"detail,omitempty"`
}

// Reasons for quarantine.
const (
	ReasonUndecodable      = "undecodable"
	ReasonTooLarge         = "too_large"
	ReasonTooManyItems     = "too_many_items"
	ReasonNoValues         = "no_values"
	ReasonNoStation        = "no_station"
	ReasonUnknownStation   = "unknown_station"
	ReasonUnknownParameter = "unknown_parameter"
	ReasonNotPermitted     = "not_permitted"
	ReasonBadTime          = "bad_time"
	ReasonFuture           = "future"
	ReasonTooOld           = "too_old"
)

// Intake is a delivery with what was made of it: one entry of the log.
type Intake struct {
	Delivery Delivery
	Dialect  string
	Readings []Reading
	Marks    []Mark
	Rejects  []Reject
	// Aged are readings that Check rejected for their time only, flagged Future or TooOld. They show a person what was read;
	// the log does not keep them, since the raw bytes and the reason are there.
	Aged []Reading
	// unknown are the names that Look did not know, for Explain; Submit does not collect them.
	unknown []unknownName
}
