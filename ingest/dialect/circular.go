package dialect

import (
	"bytes"
	"strings"
	"time"

	"quantrac/ingest"
)

// Circular 10/2021/TT-BTNMT text, the file of every Vietnamese logger, also sent over MQTT: fields separated by TAB or white
// space, one parameter a line or all on one line, in the orders that are seen in the field, told apart by where the 14-digit
// local time stands:
//
//	COD	42.50	mg/L	20260901080500	00
//	20260901080500	COD	42.50	mg/L	[00]
//	COD 42.50 20260901080500 [00]
//
// The unit may be empty, "-" or "---"; a missing status is taken as 00 and flagged. A first line without a time names the
// station. A line that is cut off is rejected alone.

func isCivilTime(s string) bool {
	return len(s) == 14 && digits(s) == 14 && (s[0] == '1' || s[0] == '2')
}

func recogniseCircular(doc *document) bool {
	if doc.json != nil {
		return false
	}
	body := bytes.TrimPrefix(doc.delivery.Body, []byte("\xef\xbb\xbf"))
	if bytes.HasPrefix(body, []byte("##")) {
		return false
	}
	for _, line := range strings.Split(string(body), "\n") {
		for _, field := range strings.Fields(line) {
			if isCivilTime(field) {
				return true
			}
		}
	}
	return false
}

func decodeCircular(doc *document) ingest.Decoded {
	var c collector
	station := ""
	text := strings.TrimPrefix(string(doc.delivery.Body), "\ufeff")
	for i, line := range strings.Split(text, "\n") {
		line = strings.Trim(line, " \r\x00")
		if strings.TrimSpace(line) == "" {
			continue
		}
		fields := fieldsOfLine(line)
		records := splitRecords(fields)
		switch {
		case len(records) == 0 && i == 0 && len(fields) == 1:
			station = fields[0]
		case len(records) == 0:
			c.reject(i, ingest.ReasonUndecodable, "line %d: no 14-digit time in %q: cut off?", i+1, clip(line))
		}
		for _, rec := range records {
			c.circular(rec, i, station)
		}
	}
	return c.out
}

// fieldsOfLine splits at TABs where there are any, so that names may hold spaces and units may be empty.
func fieldsOfLine(line string) []string {
	if !strings.Contains(line, "\t") {
		return strings.Fields(line)
	}
	fields := strings.Split(strings.TrimRight(line, "\t"), "\t")
	for i := range fields {
		fields[i] = strings.TrimSpace(fields[i])
	}
	return fields
}

// splitRecords cuts the fields of a line into records of one parameter each.
func splitRecords(fields []string) [][]string {
	var times []int
	for i, f := range fields {
		if isCivilTime(f) {
			times = append(times, i)
		}
	}
	if len(times) == 0 {
		return nil
	}
	var records [][]string
	if times[0] == 0 { // time first
		for k, at := range times {
			end := len(fields)
			if k+1 < len(times) {
				end = times[k+1]
			}
			records = append(records, fields[at:end])
		}
		return records
	}
	start := 0
	for _, at := range times {
		end := at + 1
		if end < len(fields) && isStatusCode(fields[end]) {
			end++
		}
		records = append(records, fields[start:end])
		start = end
	}
	if start < len(fields) {
		records = append(records, fields[start:]) // a tail without a time: rejected by its reader
	}
	return records
}

func isStatusCode(s string) bool { return len(s) <= 2 && s != "" && digits(s) == len(s) }

func (c *collector) circular(rec []string, index int, station string) {
	it := assumed(index, time.Time{})
	it.Station = station
	body, status := rec, ""
	if n := len(rec); n > 1 && isStatusCode(rec[n-1]) && n > 3 {
		body, status = rec[:n-1], rec[n-1]
	}
	at, name, number, unit, ok := circularFields(body)
	if !ok {
		c.reject(index, ingest.ReasonUndecodable, "line %d: not parameter, value, unit, time: %q", index+1, clip(strings.Join(rec, " ")))
		return
	}
	t, err := time.ParseInLocation("20060102150405", at, ict)
	if err != nil {
		c.reject(index, ingest.ReasonBadTime, "line %d: time %q", index+1, at)
		return
	}
	it.MeasuredAt, it.Unit = t, unit
	if s, said := statusOf(textValue(status)); said {
		it.Status = s
		it.Flags = 0
	}
	c.add(it, name, textValue(number))
}

// circularFields finds the parts of one record; at is the 14-digit time.
func circularFields(f []string) (at, name, number, unit string, ok bool) {
	n := len(f)
	switch {
	case n >= 3 && isCivilTime(f[0]):
		if n == 3 {
			return f[0], f[1], f[2], "", true
		}
		return f[0], strings.Join(f[1:n-2], " "), f[n-2], f[n-1], true
	case n == 3 && isCivilTime(f[2]):
		return f[2], f[0], f[1], "", true
	case n >= 4 && isCivilTime(f[n-1]):
		if _, numeric := numberOf(f[n-2]); numeric {
			return f[n-1], strings.Join(f[:n-2], " "), f[n-2], "", true
		}
		return f[n-1], strings.Join(f[:n-3], " "), f[n-3], f[n-2], true
	}
	return "", "", "", "", false
}
