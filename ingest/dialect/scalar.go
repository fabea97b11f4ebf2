package dialect

import (
	"math"
	"strconv"
	"strings"

	"quantrac/ingest"
)

// measure reads the value of an item. The number is finite, or NaN with the text that stood in its place and a flag. A number that was
// written as text with a separator keeps the text: only the station's settings tell decimals from thousands.
func measure(v *value) (number float64, text string, flags ingest.Flags) {
	switch v.kind {
	case kindNumber:
		if number = v.number; !math.IsNaN(number) {
			return number, "", 0
		}
	case kindString:
		if number, ok := numberOf(v.text); ok {
			if strings.ContainsAny(v.text, ".,") {
				text = clip(v.text)
			}
			return number, text, 0
		}
	case kindNaN:
		return math.NaN(), v.text, ingest.NaNLiteral
	}
	return math.NaN(), clip(v.text), ingest.NotANumber
}

// numberOf reads a number written as text, with a point or a decimal comma. Thousands separators are not guessed: "1,234"
// is 1.234, and a text with both signs is no number.
func numberOf(s string) (float64, bool) {
	s = strings.TrimSpace(s)
	if s == "" || strings.Trim(s, "0123456789+-.,eE") != "" || strings.IndexByte("eE", s[0]) >= 0 {
		return 0, false
	}
	if strings.Contains(s, ",") {
		if strings.Contains(s, ".") || strings.Count(s, ",") > 1 {
			return 0, false
		}
		s = strings.Replace(s, ",", ".", 1)
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil
}

// widened is the number that a float32 was written for: 31.6, not 31.600000381469727, is what the instrument showed.
func widened(f float32) float64 {
	if f == float32(math.Trunc(float64(f))) || math.IsNaN(float64(f)) || math.IsInf(float64(f), 0) {
		return float64(f)
	}
	var room [32]byte
	wide, err := strconv.ParseFloat(string(strconv.AppendFloat(room[:0], float64(f), 'g', -1, 32)), 64)
	if err != nil {
		return float64(f)
	}
	return wide
}

// numberValue makes a value of a number that did not come as text; what is not finite is the bare word.
func numberValue(f float64) value {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return value{kind: kindNaN, number: nan, text: strconv.FormatFloat(f, 'g', -1, 64)}
	}
	return value{kind: kindNumber, number: f, text: strconv.FormatFloat(f, 'g', -1, 64)}
}

// wholeNumber reads a number without a fraction, as a number or as text.
func wholeNumber(v *value) (uint64, bool) {
	if v.absent() || (v.kind != kindNumber && v.kind != kindString) {
		return 0, false
	}
	s := strings.TrimSpace(v.text)
	if n, err := strconv.ParseUint(s, 10, 64); err == nil {
		return n, true
	}
	// Some JSON writers know only floating point and print 1234.0 or 1.234e3.
	const exact = 1 << 53
	f, ok := numberOf(s)
	if !ok || f < 0 || f > exact || f != math.Trunc(f) {
		return 0, false
	}
	return uint64(f), true
}

// statusOf reads a device status: a word, or a code of Circular 10/2021 as a number or as text. ok is false when the
// status is absent.
func statusOf(v *value) (s ingest.Status, ok bool) {
	if v.absent() {
		return ingest.Measuring, false
	}
	switch strings.ToLower(strings.TrimSpace(v.text)) {
	case "":
		return ingest.Measuring, false
	case "measuring", "00", "0":
		return ingest.Measuring, true
	case "calibrating", "calibration", "01", "1":
		return ingest.Calibrating, true
	case "fault", "error", "02", "2":
		return ingest.Fault, true
	}
	return ingest.Other, true
}
