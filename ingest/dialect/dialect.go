// Package dialect reads the formats in which field gateways write measurements.
//
// Decode looks at the bytes and decides which dialect they are; the topic only helps. Each dialect is one file with a
// recogniser, a decoder and golden cases in testdata. Promises: no input makes it panic; what it returns is bounded by
// the size of the input and by ingest.MaxItems; a value is a finite number or NaN with the text that stood in its place,
// never 0 for something that was not 0; one bad message or value never takes its neighbours with it; an error says what
// is wrong and at which byte.
package dialect

import (
	"bytes"
	"errors"

	"quantrac/ingest"
)

// document is a delivery with what was found out about its bytes before a dialect was chosen.
type document struct {
	delivery *ingest.Delivery
	// json is nil when the body is no JSON; jsonErr then says why.
	json    *value
	jsonErr error
}

// dialect is one field format. The first dialect that recognises a document decodes it.
type dialect struct {
	name      string
	recognise func(*document) bool
	decode    func(*document) ingest.Decoded
}

// dialects lists the formats, the most specific first. It never changes.
var dialects = []dialect{
	{name: "hj212", recognise: recogniseHJ212, decode: decodeHJ212},
	{name: "circular10", recognise: recogniseCircular, decode: decodeCircular},
	{name: "line_protocol", recognise: recogniseLineProtocol, decode: decodeLineProtocol},
	{name: "senml", recognise: recogniseSenML, decode: decodeSenML},
	{name: "lora", recognise: recogniseLoRa, decode: decodeLoRa},
	{name: "neuron", recognise: recogniseNeuron, decode: decodeNeuron},
	{name: "thingsboard", recognise: recogniseThingsBoard, decode: decodeThingsBoard},
	{name: "edgelink", recognise: recogniseEdgeLink, decode: decodeEdgeLink},
	{name: "wise", recognise: recogniseWISE, decode: decodeWISE},
	{name: "weintek", recognise: recogniseWeintek, decode: decodeWeintek},
	{name: "wago", recognise: recogniseWAGO, decode: decodeWAGO},
	{name: "icpdas", recognise: recogniseICPDAS, decode: decodeICPDAS},
	{name: "kingpigeon", recognise: recogniseKingPigeon, decode: decodeKingPigeon},
	{name: "telegraf", recognise: recogniseTelegraf, decode: decodeTelegraf},
	{name: "sensorthings", recognise: recogniseSensorThings, decode: decodeSensorThings},
	{name: "thingsboard_gateway", recognise: recogniseThingsBoardGateway, decode: decodeThingsBoardGateway},
	{name: "single", recognise: recogniseSingle, decode: decodeSingle},
	{name: "flat", recognise: recogniseFlat, decode: decodeFlat},
	{name: "native", recognise: recogniseNative, decode: decodeNative},
}

// Decode reads a delivery. An error means that nothing in it could be read; parts that could not be read are rejects.
func Decode(d *ingest.Delivery) (ingest.Decoded, error) {
	doc := document{delivery: d}
	if len(bytes.TrimSpace(d.Body)) == 0 {
		return ingest.Decoded{}, errors.New("the payload is empty")
	}
	doc.json, doc.jsonErr = parseJSON(d.Body)
	for _, dia := range dialects {
		if !dia.recognise(&doc) {
			continue
		}
		out := dia.decode(&doc)
		out.Dialect = dia.name
		if len(out.Items)+len(out.Rejects) == 0 {
			out.Rejects = []ingest.Reject{{Reason: ingest.ReasonNoValues, Detail: "recognised as " + dia.name + ", but it holds no values"}}
		}
		return out, nil
	}
	if doc.jsonErr != nil {
		return ingest.Decoded{}, doc.jsonErr
	}
	return ingest.Decoded{}, errors.New("byte 0: no known format: expected a JSON object or an array of objects")
}
