package geo

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// row is one line of a CSV file on its way in: a station or a park.
type row struct {
	station Station
	park    Park
}

// column is a field that a CSV file can have: its titles, folded, and how a cell is read.
type column struct {
	field  string
	titles []string
	set    func(r *row, cell string) error
}

func csvColumns(parks bool) []column {
	text := func(field string, to func(r *row) *string, titles ...string) column {
		return column{field, titles, func(r *row, cell string) error { *to(r) = cell; return nil }}
	}
	number := func(field string, to func(r *row) *float64, titles ...string) column {
		return column{field, titles, func(r *row, cell string) (err error) { *to(r), err = parseNumber(cell); return err }}
	}
	list := func(field string, to func(r *row) *[]string, titles ...string) column {
		return column{field, titles, func(r *row, cell string) error {
			*to(r) = strings.FieldsFunc(cell, isSeparator)
			trimAll(*to(r))
			return nil
		}}
	}
	if parks {
		return []column{
			text("id", func(r *row) *string { return &r.park.ID }, "id", "ma", "makcn"),
			text("name.vi", func(r *row) *string { return &r.park.Name.VI }, "name", "namevi", "ten", "tenkcn"),
			text("name.en", func(r *row) *string { return &r.park.Name.EN }, "nameen", "tentienganh"),
			number("location[0]", func(r *row) *float64 { return &r.park.Location[0] }, "lon", "lng", "long", "longitude", "kinhdo", "x"),
			number("location[1]", func(r *row) *float64 { return &r.park.Location[1] }, "lat", "latitude", "vido", "y"),
			number("precision_km", func(r *row) *float64 { return &r.park.PrecisionKM }, "precisionkm"),
			number("area_ha", func(r *row) *float64 { return &r.park.AreaHa }, "areaha", "dientichha"),
			number("radius_m", func(r *row) *float64 { return &r.park.Radius }, "radiusm", "bankinhm"),
			number("capacity_m3_day", func(r *row) *float64 { return &r.park.CapacityM3Day }, "capacitym3day", "wwtpcapacitym3day", "congsuat"),
			text("place", func(r *row) *string { return &r.park.Place }, "place", "diachi"),
			text("receiving_water", func(r *row) *string { return &r.park.ReceivingWater }, "receivingwater", "nguontiepnhan"),
			text("confidence", func(r *row) *string { return &r.park.Confidence }, "confidence"),
		}
	}
	return []column{
		text("id", func(r *row) *string { return &r.station.ID }, "id", "station", "matram", "ma"),
		text("name.vi", func(r *row) *string { return &r.station.Name.VI }, "name", "namevi", "ten", "tentram"),
		text("name.en", func(r *row) *string { return &r.station.Name.EN }, "nameen", "tentienganh"),
		text("park", func(r *row) *string { return &r.station.Park }, "park", "kcn", "makcn"),
		{"kind", []string{"kind", "loai", "loaitram"}, func(r *row, cell string) error { r.station.Kind = Kind(cell); return nil }},
		number("location[0]", func(r *row) *float64 { return &r.station.Location[0] }, "lon", "lng", "long", "longitude", "kinhdo", "x"),
		number("location[1]", func(r *row) *float64 { return &r.station.Location[1] }, "lat", "latitude", "vido", "y"),
		text("receiving_water", func(r *row) *string { return &r.station.ReceivingWater }, "receivingwater", "nguontiepnhan"),
		text("gateway", func(r *row) *string { return &r.station.Gateway }, "gateway"),
		list("parameters", func(r *row) *[]string { return &r.station.Parameters }, "parameters", "thongso"),
		list("aliases", func(r *row) *[]string { return &r.station.Aliases }, "aliases", "tenkhac", "bidanh"),
	}
}

// parseNumber reads a point or a comma before the decimals; there are no thousands in these columns.
func parseNumber(s string) (float64, error) {
	v, err := strconv.ParseFloat(strings.Replace(s, ",", ".", 1), 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("%q is no number", s)
	}
	return v, nil
}

func isSeparator(r rune) bool { return r == ';' || r == ',' || r == '|' || r == ' ' }

func trimAll(list []string) {
	for i, s := range list {
		list[i] = strings.TrimSpace(s)
	}
}

// ReadParksCSV reads parks, one a line; see ReadStationsCSV.
func ReadParksCSV(data []byte) *Import { return readCSV(data, true) }

// ReadStationsCSV reads stations, one a line, with titles in the first. Titles are recognised in Vietnamese and English
// whatever their case and diacritics; Columns says as what. Cells are separated by comma, semicolon or tab, whichever the
// first line has most of; lists within a cell by ; , | or space. Problems are named by line and column.
func ReadStationsCSV(data []byte) *Import { return readCSV(data, false) }

func readCSV(data []byte, parks bool) *Import {
	im := newImport()
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	switch {
	case len(data) > maxImport:
		im.problem("", "%d bytes; at most %d", len(data), maxImport)
		return im
	case !utf8.Valid(data):
		im.problem("", "the file is not UTF-8: save it as CSV UTF-8")
		return im
	}
	in := csv.NewReader(bytes.NewReader(data))
	in.Comma, in.FieldsPerRecord, in.TrimLeadingSpace = delimiter(data), -1, true
	titles, err := in.Read()
	if err != nil {
		im.problem("line 1", "no line of titles: %s", err)
		return im
	}
	fields := im.recognise(titles, csvColumns(parks))
	if len(im.Problems) > 0 {
		return im
	}
	for n := 0; ; n++ {
		cells, err := in.Read()
		var broken *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			im.duplicates()
			return im
		case errors.As(err, &broken):
			im.problem(fmt.Sprintf("line %d, column %d", broken.Line, broken.Column), "%s", broken.Err)
			return im
		case err != nil || n == maxFeatures:
			im.problem("", "more than %d lines", maxFeatures)
			return im
		}
		im.line(in, cells, fields, parks)
	}
}

// delimiter is what the first line has most of.
func delimiter(data []byte) rune {
	first, _, _ := bytes.Cut(data, []byte("\n"))
	best := ','
	for _, r := range ";\t" {
		if bytes.Count(first, []byte(string(r))) > bytes.Count(first, []byte(string(best))) {
			best = r
		}
	}
	return best
}

// recognise finds the field of each column; nil = none.
func (im *Import) recognise(titles []string, known []column) []*column {
	fields := make([]*column, len(titles))
	seen := map[string]string{}
	for i, title := range titles {
		folded := Fold(title)
		for k := range known {
			for _, t := range known[k].titles {
				if t == folded {
					fields[i] = &known[k]
				}
			}
		}
		if fields[i] == nil {
			im.Columns, im.Ignored = append(im.Columns, Column{Title: title}), append(im.Ignored, title)
			continue
		}
		field := fields[i].field
		if first, twice := seen[field]; twice {
			im.problem(fmt.Sprintf("line 1, column %d", i+1), "%q means the same as %q: %s", title, first, field)
		}
		seen[field] = title
		im.Columns = append(im.Columns, Column{title, field})
	}
	for _, field := range []string{"id", "name.vi", "location[0]", "location[1]"} {
		if _, ok := seen[field]; !ok {
			im.problem("line 1", "no column is recognised as %s", field)
		}
	}
	return fields
}

func (im *Import) line(in *csv.Reader, cells []string, fields []*column, parks bool) {
	line, _ := in.FieldPos(0)
	if len(cells) != len(fields) {
		im.problem(fmt.Sprintf("line %d", line), "%d cells under %d titles", len(cells), len(fields))
		return
	}
	var r row
	given := []string{}
	before := len(im.Problems)
	for i, cell := range cells {
		cell = strings.TrimSpace(cell)
		if fields[i] == nil || cell == "" {
			continue
		}
		name, _, _ := strings.Cut(strings.TrimSuffix(fields[i].field, "[0]"), ".")
		given = append(given, strings.TrimSuffix(name, "[1]"))
		if err := fields[i].set(&r, cell); err != nil {
			at, _ := in.FieldPos(i)
			im.problem(fmt.Sprintf("line %d, column %d", at, i+1), "%s: %s", fields[i].field, err)
		}
	}
	at, place := r.station.Location, fmt.Sprintf("line %d", line)
	if parks {
		at = r.park.Location
	}
	if msg := at.Check(); msg != "" && len(im.Problems) == before {
		im.problem(place, "%s", msg)
	}
	if len(im.Problems) > before {
		return
	}
	if parks {
		path := fmt.Sprintf("parks[%d]", len(im.File.Parks))
		im.origin[path], im.given[path] = place, given
		im.File.Parks = append(im.File.Parks, r.park)
		return
	}
	path := fmt.Sprintf("stations[%d]", len(im.File.Stations))
	im.origin[path], im.given[path] = place, given
	im.File.Stations = append(im.File.Stations, r.station)
}
