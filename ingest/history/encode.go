package history

import (
	"math"
	"strconv"
	"strings"

	"quantrac/ingest"
)

// AppendLines writes readings as line protocol: measurement readings, tags park and station, time = measured_at in ns. The
// field of a parameter is its code, only for a usable value, so that mean(cod) is right in every tool; otherwise the number
// goes to CODE_raw, with CODE_status (integer, when not 0) and CODE_flags (string, when set). Readings of one station and
// instant that follow each other share a line. park names the park of a station; "" leaves the tag out.
func AppendLines(b []byte, readings []ingest.Reading, park func(station string) string) []byte {
	for len(readings) > 0 {
		n := sharing(readings)
		b, _ = appendLine(b, readings[:n], park)
		readings = readings[n:]
	}
	return b
}

// sharing is how many of the first readings share a line.
func sharing(readings []ingest.Reading) int {
	first, n := &readings[0], 1
	for n < len(readings) && readings[n].Station == first.Station && readings[n].MeasuredAt.Equal(first.MeasuredAt) {
		n++
	}
	return n
}

// appendLine writes readings of one station and instant; false when there is nothing in them to write.
func appendLine(b []byte, readings []ingest.Reading, park func(station string) string) ([]byte, bool) {
	first, start := &readings[0], len(b)
	b = append(b, Measurement...)
	if p := park(first.Station); p != "" {
		b = append(b, ",park="...)
		b = appendKey(b, p)
	}
	b = append(b, ",station="...)
	b = appendKey(b, first.Station)
	b = append(b, ' ')
	fields := len(b)
	for i := range readings {
		b = appendFields(b, &readings[i])
	}
	if len(b) == fields {
		return b[:start], false
	}
	b[len(b)-1] = ' ' // the last comma
	b = strconv.AppendInt(b, first.MeasuredAt.UnixNano(), 10)
	return append(b, '\n'), true
}

// appendFields writes the fields of one reading, each with a comma behind it.
func appendFields(b []byte, r *ingest.Reading) []byte {
	if r.HasNumber() && !math.IsInf(r.Value, 0) {
		b = appendKey(b, r.Parameter)
		if !r.Usable {
			b = append(b, "_raw"...)
		}
		b = append(b, '=')
		b = strconv.AppendFloat(b, r.Value, 'g', -1, 64)
		b = append(b, ',')
	}
	if r.Status != ingest.Measuring {
		b = appendKey(b, r.Parameter)
		b = append(b, "_status="...)
		b = strconv.AppendInt(b, int64(r.Status), 10)
		b = append(b, 'i', ',')
	}
	if r.Flags != 0 {
		b = appendKey(b, r.Parameter)
		b = append(b, "_flags=\""...)
		b = append(b, r.Flags.String()...)
		b = append(b, '"', ',')
	}
	return b
}

// appendKey escapes what separates the parts of a line. Ids and codes never hold such a character; a fault elsewhere must
// not become a wrong series.
func appendKey(b []byte, s string) []byte {
	if !strings.ContainsAny(s, ", =\\\n") {
		return append(b, s...)
	}
	for i := range len(s) {
		switch c := s[i]; c {
		case ',', ' ', '=', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		default:
			b = append(b, c)
		}
	}
	return b
}
