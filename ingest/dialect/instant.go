package dialect

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"quantrac/ingest"
)

// ict is the civil time of Viet Nam: UTC+7 all year. A fixed zone needs no zone database on the machine. Only times that were
// written without a zone are in it, which is how markLocal knows them.
var ict = time.FixedZone("ICT", 7*60*60)

// markLocal marks the times that were written without a zone, so that the station's own zone can replace the usual one.
func markLocal(out *ingest.Decoded) {
	for i := range out.Items {
		out.Items[i].LocalTime = out.Items[i].MeasuredAt.Location() == ict
	}
	for i := range out.Marks {
		out.Marks[i].LocalTime = out.Marks[i].MeasuredAt.Location() == ict
	}
}

var errInstant = errors.New("expected RFC 3339, yyyyMMddHHmmss, dd/MM/yyyy HH:mm:ss or an epoch")

// layouts are the written forms of an instant, RFC 3339 first. Those without a zone are local time; the day comes before the
// month, as in Viet Nam.
var layouts = []string{
	time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04:05Z07:00",
	"2006-01-02 15:04:05 Z0700", "2006-01-02T15:04:05 Z07:00", "2006-01-02T15:04Z07:00", "2006-01-02T15:04", "2006-01-02 15:04",
	"2006/01/02 15:04:05", "2/1/2006 15:04:05", "2-1-2006 15:04:05", "2/1/2006 15:04", "15:04:05 2/1/2006",
}

// instantOf reads a time. Absent, empty and 0 (a device without a clock) are the zero time.
func instantOf(v *value) (time.Time, error) {
	if v.absent() {
		return time.Time{}, nil
	}
	if v.kind != kindNumber && v.kind != kindString {
		return time.Time{}, errInstant
	}
	s := strings.TrimSpace(v.text)
	switch s {
	case "", "0":
		return time.Time{}, nil
	}
	t, err := parseInstant(s)
	if err == nil && t.IsZero() {
		// The zero time means "absent" to everybody behind us.
		return time.Time{}, errInstant
	}
	return t, err
}

func parseInstant(s string) (time.Time, error) {
	if len(s) > len("2006-01-02T") && s[10] == 'T' { // by far the most
		if t, err := time.Parse(time.RFC3339, s); err == nil {
			return t, nil
		}
	}
	if digits(s) == len(s) {
		return digitsInstant(s)
	}
	if f, ok := numberOf(s); ok {
		return epoch(f)
	}
	for _, layout := range layouts {
		if strings.Contains(layout, "Z07") {
			if t, err := time.Parse(layout, s); err == nil {
				return t, nil
			}
			continue
		}
		if t, err := time.ParseInLocation(layout, s, ict); err == nil {
			return t, nil
		}
	}
	return time.Time{}, errInstant
}

// digitsInstant tells the forms apart by their number of digits: 14 is a civil time; epochs are in seconds up to 11
// digits (the year 5138), then in milliseconds, microseconds (16) or nanoseconds (19).
func digitsInstant(s string) (time.Time, error) {
	if len(s) == len("20060102150405") {
		t, err := time.ParseInLocation("20060102150405", s, ict)
		if err != nil {
			return time.Time{}, errInstant
		}
		return t, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return time.Time{}, errInstant
	}
	switch {
	case len(s) <= 11:
		return time.Unix(n, 0).UTC(), nil
	case len(s) <= 13:
		return time.UnixMilli(n).UTC(), nil
	case len(s) <= 16:
		return time.UnixMicro(n).UTC(), nil
	default:
		return time.Unix(0, n).UTC(), nil
	}
}

// epoch reads an epoch that is written with a fraction or an exponent.
func epoch(f float64) (time.Time, error) {
	const firstMilli, lastMilli = 1e11, 1e14
	switch {
	case f <= 0 || f >= lastMilli:
		return time.Time{}, errInstant
	case f < firstMilli:
		f *= 1000
	}
	return time.UnixMicro(int64(math.Round(f * 1000))).UTC(), nil
}
