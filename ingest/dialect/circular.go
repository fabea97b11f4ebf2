package dialect

import (
	"path"
	"slices"
	"strings"
	"time"

	"quantrac/ingest"
)

// Circular 10/2021/TT-BTNMT text, the file of every Vietnamese logger, also sent over MQTT: fields separated by TAB or white
// space, one parameter a line or all on one line, in the orders that are seen in the field, told apart by where the 14-digit
// local time stands:
//
//	COD	42.50	mg/L	20260901080500	[00]
//	20260901080500	COD	42.50	[mg/L	[00]]
//	COD 42.50 20260901080500 [00]
//
// The unit may be empty, "-" or "---"; a missing status is taken as 00 and flagged. Between TABs the place decides, so names
// may hold spaces; else the number is looked for. A first line without time and number names the station. A line that is cut
// off is rejected alone.

func isCivilTime(s string) bool {
	return len(s) == 14 && digits(s) == 14 && (s[0] == '1' || s[0] == '2')
}

func recogniseCircular(doc *document) bool {
	if doc.json != nil {
		return false
	}
	if doc.delivery.Dialect != "" || isCircularFile(doc.delivery.Topic) && !recogniseLineProtocol(doc) {
		return true
	}
	for field := range strings.FieldsSeq(circularText(doc.delivery.Body)) {
		if isCivilTime(field) {
			return true
		}
	}
	return false
}

// isCircularFile tells by the name that a file is one of these, even when it was cut off before its first time.
func isCircularFile(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".txt", ".lsi":
		return true
	}
	return false
}

func circularText(body []byte) string { return strings.TrimPrefix(string(body), "\ufeff") }

// lineEnds makes one kind of line end of all three.
var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\x00", "")

func decodeCircular(doc *document) ingest.Decoded {
	var c collector
	station, begun := "", false
	i := -1
	for line := range strings.SplitSeq(lineEnds.Replace(circularText(doc.delivery.Body)), "\n") {
		if i++; strings.TrimSpace(line) == "" || c.full() {
			continue
		}
		if !begun && isStationLine(line) {
			station, begun = strings.TrimSpace(line), true
			continue
		}
		begun = true
		records, tabbed := recordsOfLine(line)
		if len(records) == 0 {
			c.reject(i, ingest.ReasonUndecodable, "line %d: no 14-digit time in %q: cut off?", i+1, clip(line))
		}
		for _, fields := range records {
			c.circular(fields, tabbed, i, station)
		}
	}
	return c.out
}

// isStationLine recognises the line stationID_stationName, which some loggers put first.
func isStationLine(line string) bool {
	line = strings.Trim(line, " \t")
	if strings.Contains(line, "\t") || len(line) > maxTopicLevel {
		return false
	}
	for field := range strings.FieldsSeq(line) {
		if _, number := numberOf(field); number || isCivilTime(field) {
			return false
		}
	}
	return strings.Contains(line, "_") || !strings.Contains(line, " ")
}

// recordsOfLine cuts a line into records of one parameter each: between TABs, if they make sense, else at white space.
func recordsOfLine(line string) (records [][]string, tabbed bool) {
	if strings.Contains(line, "\t") {
		fields := strings.Split(strings.TrimRight(line, "\t "), "\t")
		for i := range fields {
			fields[i] = strings.TrimSpace(fields[i])
		}
		records = splitRecords(fields)
		if len(records) > 0 && !slices.ContainsFunc(records, func(r []string) bool { return !isTabbedRecord(r) }) {
			return records, true
		}
	}
	return splitRecords(strings.Fields(line)), false
}

// isTabbedRecord reports whether a record has as many fields as its columns.
func isTabbedRecord(f []string) bool {
	at := slices.IndexFunc(f, isCivilTime)
	return at == 0 && len(f) >= 3 && len(f) <= 5 || (at == 2 || at == 3) && len(f) <= at+2
}

// splitRecords cuts fields at the times in them. What stands behind the last record without a time is a record of its own,
// for its reader to reject.
func splitRecords(fields []string) (records [][]string) {
	var times []int
	for i, f := range fields {
		if isCivilTime(f) {
			times = append(times, i)
		}
	}
	if len(times) == 0 {
		return nil
	}
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
		alone := end+1 == len(fields)
		if end < len(fields) && (fields[end] == "" || isStatusCode(fields[end]) || alone) {
			end++
		}
		records = append(records, fields[start:end])
		start = end
	}
	if start < len(fields) {
		records = append(records, fields[start:])
	}
	return records
}

func isStatusCode(s string) bool { return len(s) <= 2 && s != "" && digits(s) == len(s) }

// circularRecord is a record in its parts.
type circularRecord struct{ at, name, number, unit, status string }

func (c *collector) circular(fields []string, tabbed bool, index int, station string) {
	rec, ok := circularFields(fields, tabbed)
	if !ok || rec.name == "" {
		c.reject(index, ingest.ReasonUndecodable, "line %d: not parameter, value, unit, time: %q: cut off?", index+1, clip(strings.Join(fields, " ")))
		return
	}
	at, err := time.ParseInLocation("20060102150405", rec.at, ict)
	if err != nil {
		c.reject(index, ingest.ReasonBadTime, "line %d: time %q", index+1, rec.at)
		return
	}
	it := assumed(index, at)
	it.Station, it.Unit = station, rec.unit
	if s, said := statusOf(textValue(rec.status)); said {
		it.Status, it.Flags = s, 0
	}
	c.add(it, rec.name, textValue(rec.number))
}

// circularFields finds the parts of one record.
func circularFields(f []string, tabbed bool) (rec circularRecord, ok bool) {
	at := slices.IndexFunc(f, isCivilTime)
	if at < 0 {
		return rec, false
	}
	rec.at = f[at]
	values := f[:at]
	if at == 0 {
		values = f[1:]
		if n := len(values); n >= 3 && (tabbed && n == 4 || isStatusCode(values[n-1])) {
			values, rec.status = values[:n-1], values[n-1]
		}
	} else if at+1 < len(f) {
		rec.status = f[at+1]
	}
	n := len(values)
	if n < 2 {
		return rec, false
	}
	number := 1
	if !tabbed {
		number = numberAt(values)
	}
	rec.name, rec.number = strings.Join(values[:number], " "), values[number]
	rec.unit = strings.Join(values[number+1:], " ")
	return rec, true
}

// numberAt finds the value between a name and a unit, either of which may be of several words or may look like a number. The
// unit is one word, seldom two, or none; where no number is there, the word is sought that stands in its place.
func numberAt(f []string) int {
	last := len(f) - 1
	isNumber := func(i int) bool { _, ok := numberOf(f[i]); return ok }
	switch {
	case last == 1 || isNumber(last):
		return last
	case isNumber(last-1) || isNoNumber(f[last-1]):
		return last - 1
	case last > 2 && isNumber(last-2): // a unit of two words
		return last - 2
	case isNoNumber(f[last]):
		return last
	}
	return last - 1
}

// isNoNumber recognises what devices write in the place of a number.
func isNoNumber(s string) bool {
	switch strings.ToLower(strings.Trim(s, "+-")) {
	case "", "nan", "inf", "infinity", ".", "err", "error", "n/a", "na", "null", "*", "?":
		return true
	}
	return false
}
