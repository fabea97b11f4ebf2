// Package dialect reads the formats in which field gateways write measurements.
//
// A Decoder looks at the bytes and decides which dialect they are; the topic only helps, unless the delivery says which
// dialect it is. Each dialect is one file with a recogniser, a decoder and golden cases in testdata. Promises: no input
// makes it panic; what it returns is bounded by the size of the input and by ingest.MaxItems; a value is a finite number or
// NaN with the text that stood in its place, never 0 for something that was not 0; one bad message or value never takes its
// neighbours with it; an error says what is wrong and at which byte, and never holds a password. Of all dialects only
// Sparkplug B needs a memory, that of the births of edge nodes: it is bounded, and kept before Decode returns.
package dialect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"quantrac/ingest"
)

// Options are what the memory of Sparkplug births needs of the world. All are optional.
type Options struct {
	// Put keeps a value under a key of letters, digits and points; nil means that it is durable. An empty value stands for
	// one that is gone and may be deleted. A birth that could not be put is tried again with a later message.
	Put func(ctx context.Context, key string, value []byte) error
	// All visits what Put has kept; Load needs it. Other keys may be among them.
	All func(ctx context.Context, visit func(key string, value []byte) error) error
	// Rebirth publishes payload to topic, where an edge node listens: it asks for its births, at most once a minute for each
	// edge node. It must not block.
	Rebirth func(topic string, payload []byte)
	// Report hears why a birth could not be kept.
	Report func(error)
}

// Decoder reads deliveries. It is safe for concurrent use; messages of one Sparkplug edge node must come in order.
type Decoder struct{ births births }

// New makes a decoder that knows of no births.
func New(opts Options) *Decoder { return &Decoder{births: births{opts: opts}} }

// Load makes a decoder that knows the births that were kept. Kept births that there is no room for, or that cannot be read,
// are dropped, since the edge nodes will be asked for them anew.
func Load(ctx context.Context, opts Options) (*Decoder, error) {
	d := New(opts)
	if opts.All == nil {
		return d, nil
	}
	var dropped []string
	err := opts.All(ctx, func(key string, value []byte) error {
		ok, err := d.births.restore(key, value)
		if err != nil {
			d.births.report(err)
		}
		if !ok {
			dropped = append(dropped, key)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load the births of edge nodes: %w", err)
	}
	for _, key := range dropped {
		if opts.Put == nil {
			break
		}
		if err := opts.Put(ctx, key, nil); err != nil {
			return nil, fmt.Errorf("drop a birth: %w", err)
		}
	}
	return d, nil
}

// document is a delivery with what was found out about its bytes before a dialect was chosen.
type document struct {
	delivery *ingest.Delivery
	births   *births
	// json is nil when the body is no JSON; jsonErr then says why.
	json    *value
	jsonErr error
}

// dialect is one field format. The first dialect that recognises a document decodes it.
type dialect struct {
	name string
	// family is what a whole vendor's or standard's formats are called; "" = it has but one.
	family    string
	recognise func(*document) bool
	decode    func(*document) ingest.Decoded
}

// goesBy reports whether a mapping that sets a dialect means this one.
func (dia *dialect) goesBy(set string) bool {
	return set == dia.name || dia.family != "" && set == dia.family
}

// dialects lists the formats, the most specific first. It never changes.
var dialects = []dialect{
	{name: "sparkplug", recognise: recogniseSparkplug, decode: decodeSparkplug},
	{name: "hj212", recognise: recogniseHJ212, decode: decodeHJ212},
	{name: "senml_cbor", family: "senml", recognise: recogniseSenMLCBOR, decode: decodeSenMLCBOR},
	{name: "chirpstack_protobuf", family: "lora", recognise: recogniseChirpStack, decode: decodeChirpStack},
	{name: "circular10", recognise: recogniseCircular, decode: decodeCircular},
	{name: "line_protocol", recognise: recogniseLineProtocol, decode: decodeLineProtocol},
	{name: "notice", recognise: recogniseNotice, decode: decodeNotice},
	{name: "senml", recognise: recogniseSenML, decode: decodeSenML},
	{name: "lora", recognise: recogniseLoRa, decode: decodeLoRa},
	{name: "neuron", recognise: recogniseNeuron, decode: decodeNeuron},
	{name: "thingsboard", recognise: recogniseThingsBoard, decode: decodeThingsBoard},
	{name: "edgelink", family: "advantech", recognise: recogniseEdgeLink, decode: decodeEdgeLink},
	{name: "wise", family: "advantech", recognise: recogniseWISE, decode: decodeWISE},
	{name: "weintek", recognise: recogniseWeintek, decode: decodeWeintek},
	{name: "wago", recognise: recogniseWAGO, decode: decodeWAGO},
	{name: "icpdas", recognise: recogniseICPDAS, decode: decodeICPDAS},
	{name: "kingpigeon", recognise: recogniseKingPigeon, decode: decodeKingPigeon},
	{name: "telegraf", recognise: recogniseTelegraf, decode: decodeTelegraf},
	{name: "sensorthings", recognise: recogniseSensorThings, decode: decodeSensorThings},
	{name: "tagged", recognise: recogniseTagged, decode: decodeTagged},
	{name: "thingsboard_gateway", family: "thingsboard", recognise: recogniseThingsBoardGateway, decode: decodeThingsBoardGateway},
	{name: "single", recognise: recogniseSingle, decode: decodeSingle},
	{name: "flat", family: "thingsboard", recognise: recogniseFlat, decode: decodeFlat},
	{name: "native", recognise: recogniseNative, decode: decodeNative},
}

// Names lists the dialects in the order in which they are tried, and the families of several. They are what
// ingest.Delivery.Dialect may hold.
func Names() []string {
	names := make([]string, 0, 2*len(dialects))
	for _, dia := range dialects {
		names = append(names, dia.name)
	}
	for _, dia := range dialects {
		if dia.family != "" && !slices.Contains(names, dia.family) {
			names = append(names, dia.family)
		}
	}
	return names
}

// Decode reads a delivery without any memory; see Decoder.Decode.
func Decode(d *ingest.Delivery) (ingest.Decoded, error) { return New(Options{}).Decode(d) }

// Decode reads a delivery. An error means that nothing in it could be read; parts that could not be read are rejects. Where
// d.Dialect names a dialect no other is tried. Births are learned from the doors "mqtt" and "broker" only and never from a
// retry, so looking at a payload leaves no trace.
func (d *Decoder) Decode(del *ingest.Delivery) (ingest.Decoded, error) {
	out, err := d.decode(del)
	markLocal(&out)
	return out, err
}

func (d *Decoder) decode(del *ingest.Delivery) (ingest.Decoded, error) {
	if len(bytes.TrimSpace(del.Body)) == 0 {
		return ingest.Decoded{}, errors.New("the payload is empty")
	}
	if del.Dialect == "" || del.Dialect == "native" {
		if out, ok := plainNative(del); ok {
			return out, nil
		}
	}
	doc := document{delivery: del, births: &d.births}
	doc.json, doc.jsonErr = parseJSON(del.Body)
	dia := doc.dialect()
	switch {
	case dia != nil && dia.name == "native" && del.Dialect == "" && isArray(doc.json):
		return doc.each(), nil
	case dia != nil:
		return dia.read(&doc), nil
	case del.Dialect != "" && doc.jsonErr != nil:
		return ingest.Decoded{}, fmt.Errorf("the payload is not of the dialect %q, which is set for it: %s", clip(del.Dialect), redacted(doc.jsonErr.Error()))
	case del.Dialect != "":
		return ingest.Decoded{}, fmt.Errorf("the payload is not of the dialect %q, which is set for it", clip(del.Dialect))
	case doc.jsonErr != nil:
		return ingest.Decoded{}, errors.New(redacted(doc.jsonErr.Error()))
	}
	return ingest.Decoded{}, errors.New("byte 0: no known format: expected a JSON object or an array of objects")
}

// dialect chooses: the one that is set for the delivery, else the first that recognises it; nil = none.
func (doc *document) dialect() *dialect {
	for i := range dialects {
		dia := &dialects[i]
		if set := doc.delivery.Dialect; (set == "" || dia.goesBy(set)) && dia.recognise(doc) {
			return dia
		}
	}
	return nil
}

// each reads the objects of an array one by one, each in its own dialect: no dialect recognises all of them. The first that
// yields something gives its name to the delivery.
func (doc *document) each() ingest.Decoded {
	var c collector
	if count := len(doc.json.items); count > ingest.MaxItems {
		c.reject(0, ingest.ReasonTooManyItems, "%d messages; at most %d", count, ingest.MaxItems)
		return c.out
	}
	for i := range doc.json.items {
		if !c.room(i) || c.full() {
			break
		}
		v := &doc.json.items[i]
		if v.kind != kindObject {
			c.reject(i, ingest.ReasonUndecodable, "byte %d: expected an object, found %s", v.offset, v.kind)
			continue
		}
		one := document{delivery: doc.delivery, births: doc.births, json: v}
		out := one.dialect().read(&one)
		if c.out.Dialect == "" && len(out.Items) > 0 {
			c.out.Dialect = out.Dialect
		}
		c.merge(out, i)
	}
	if c.out.Dialect == "" {
		c.out.Dialect = "native"
	}
	if len(doc.json.items) == 0 {
		c.reject(0, ingest.ReasonNoValues, "an empty array")
	}
	return c.out
}

// merge takes over what was read of the object at a place.
func (c *collector) merge(out ingest.Decoded, index int) {
	for _, it := range out.Items {
		if it.Index = index; c.room(index) {
			c.out.Items = append(c.out.Items, it)
		}
	}
	for _, m := range out.Marks {
		m.Index = index
		c.out.Marks = append(c.out.Marks, m)
	}
	for _, r := range out.Rejects {
		c.reject(index, r.Reason, "%s", r.Detail)
	}
}

func (dia *dialect) read(doc *document) ingest.Decoded {
	out := dia.decode(doc)
	out.Dialect = dia.name
	if len(out.Items)+len(out.Rejects) == 0 {
		out.Rejects = []ingest.Reject{{Reason: ingest.ReasonNoValues, Detail: "recognised as " + dia.name + ", but it holds no values"}}
	}
	return out
}
