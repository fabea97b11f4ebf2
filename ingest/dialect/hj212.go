package dialect

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"quantrac/ingest"
)

// HJ 212-2017, the Chinese telegram that some analysers speak, as the body of a message or off a TCP line:
//
//	##0170QN=…;ST=32;CN=2011;PW=…;MN=…;Flag=5;CP=&&DataTime=20260901080500;w01018-Rtd=31.6,w01018-Flag=N;…&&E8C1\r\n
//
// The four digits are the length of the data segment in bytes, the last four its CRC. Real-time data (CN=2011) and the data
// of minutes, hours and days (2051, 2061, 2031) are readings: of each parameter -Rtd, else -Avg. Extremes and volumes are
// none, but for the volume of a day. Each packet of a split telegram (PNUM, PNO) is read alone; one without a DataTime has
// the time of its predecessor, else that of its QN. MN is the station. Parameters have the codes of 2017 or of 2005; no unit
// is written, so values are in the unit that the station declares. The password PW gets into no error text.

// hj212Names are the codes of the parameters that have a counterpart in the catalogue.
var hj212Names = map[string]string{
	"w00000": "flow_out", "w01001": "ph", "w01002": "color", "w01009": "do", "w01010": "temp", "w01012": "tss", "w01017": "bod5",
	"w01018": "cod", "w01020": "toc", "w21001": "tn", "w21003": "nh4_n", "w21011": "tp",
	// The edition of 2005.
	"B01": "flow_out", "001": "ph", "002": "color", "003": "tss", "010": "bod5", "011": "cod", "015": "toc", "060": "nh4_n", "065": "tn", "101": "tp",
}

// hj212Volume is the name of the day's volume of water.
const hj212Volume = "flow_total_day"

func recogniseHJ212(doc *document) bool {
	b := strings.TrimLeft(string(doc.delivery.Body[:min(len(doc.delivery.Body), 16)]), "\r\n \ufeff")
	return strings.HasPrefix(b, "##") && digits(b[2:]) >= 4
}

func decodeHJ212(doc *document) ingest.Decoded {
	var c collector
	rest := strings.TrimLeft(string(doc.delivery.Body), "\r\n \ufeff")
	var before hj212Head
	for index := 0; rest != "" && !c.full(); index++ {
		segment, behind, err := hj212Frame(rest)
		if err != nil {
			c.reject(index, ingest.ReasonUndecodable, "frame %d: %v", index+1, err)
		} else {
			before = c.hj212(segment, index, before)
		}
		rest = strings.TrimLeft(behind, "\r\n \x00")
	}
	return c.out
}

// hj212Frame cuts the first frame off. After an error the rest begins at the next mark of a frame. No error quotes the
// frame, nor its CRC: any part of it may be the password.
func hj212Frame(s string) (segment, rest string, err error) {
	const mark, head, tail = "##", 6, 4
	if next := strings.Index(s[1:], mark); next >= 0 { // used after an error
		rest = s[1+next:]
	}
	if !strings.HasPrefix(s, mark) || len(s) < head || digits(s[len(mark):head]) != head-len(mark) {
		return "", rest, errors.New("no ## with the length in four digits behind it")
	}
	n := 0
	for _, digit := range []byte(s[len(mark):head]) {
		n = n*10 + int(digit-'0')
	}
	if len(s) < head+n+tail {
		return "", rest, fmt.Errorf("its length says %d bytes, %d are there: cut off?", n, max(0, len(s)-head-tail))
	}
	segment = s[head : head+n]
	if crc := fmt.Sprintf("%04X", HJ212Checksum([]byte(segment))); !strings.EqualFold(crc, s[head+n:head+n+tail]) {
		return "", rest, fmt.Errorf("the CRC behind its %d bytes is not theirs", n)
	}
	return segment, s[head+n+tail:], nil
}

// HJ212Checksum is the CRC of HJ 212-2017, Annex A, over a data segment: not that of Modbus, since the high byte is shifted
// in first. A frame carries it as four hexadecimal digits, upper case.
func HJ212Checksum(segment []byte) uint16 {
	crc := uint16(0xFFFF)
	for _, b := range segment {
		crc = crc>>8 ^ uint16(b)
		for range 8 {
			odd := crc&1 == 1
			crc >>= 1
			if odd {
				crc ^= 0xA001
			}
		}
	}
	return crc
}

// hj212Head is what stands before the values of a telegram.
type hj212Head struct {
	qn, mn, command string
	// at is the DataTime, or the time that stands in for it.
	at time.Time
}

// hj212Value is what a telegram says of one parameter.
type hj212Value struct {
	code, instant, mean, volume, flag string
}

// hj212 reads a data segment. It returns its head, for the packet behind it.
func (c *collector) hj212(segment string, index int, before hj212Head) hj212Head {
	prefix, body, ok := strings.Cut(segment, "CP=&&")
	if !ok {
		c.reject(index, ingest.ReasonUndecodable, "frame %d: no CP=&&", index+1)
		return before
	}
	head := readHJ212Head(prefix)
	switch head.command {
	case "2011", "2051", "2061", "2031":
	default:
		c.reject(index, ingest.ReasonNoValues, "frame %d: command CN=%s carries no readings", index+1, clip(head.command))
		return before
	}
	values, said := readHJ212Values(strings.TrimSuffix(body, "&&"))
	flags := ingest.StatusAssumed
	switch at, err := time.ParseInLocation("20060102150405", said, ict); {
	case said != "" && (err != nil || !isCivilTime(said)):
		c.reject(index, ingest.ReasonBadTime, "frame %d: DataTime %q", index+1, clip(said))
		return before
	case said != "":
		head.at = at
	case before.qn == head.qn && before.mn == head.mn:
		head.at = before.at
	default:
		head.at, flags = timeOfQN(head.qn), flags|ingest.ClockAssumed
	}
	count := len(c.out.Items)
	for _, v := range values {
		it := ingest.Item{Index: index, Station: head.mn, MeasuredAt: head.at, Flags: flags}
		if v.flag != "" {
			it.Status, it.Flags = hj212Status(v.flag), flags&^ingest.StatusAssumed
		}
		c.hj212Value(it, &v, head.command)
	}
	if len(c.out.Items) == count {
		c.reject(index, ingest.ReasonNoValues, "frame %d: no value of a kind that is a reading", index+1)
	}
	return head
}

func (c *collector) hj212Value(it ingest.Item, v *hj212Value, command string) {
	name := v.code
	if known, ok := hj212Names[name]; ok {
		name = known
	}
	text := v.instant
	if text == "" {
		text = v.mean
	}
	if text != "" {
		c.add(it, name, textValue(text))
	}
	if v.volume != "" && command == "2031" && name == "flow_out" {
		c.add(it, hj212Volume, textValue(v.volume))
	}
}

func readHJ212Head(s string) hj212Head {
	var h hj212Head
	for pair := range strings.SplitSeq(s, ";") {
		switch key, text, _ := strings.Cut(pair, "="); key {
		case "QN":
			h.qn = text
		case "MN":
			h.mn = text
		case "CN":
			h.command = text
		}
	}
	return h
}

// timeOfQN is the instant in the number of a request, yyyyMMddHHmmss and milliseconds; zero when there is none.
func timeOfQN(qn string) time.Time {
	const civil = len("20060102150405")
	if len(qn) < civil || !isCivilTime(qn[:civil]) {
		return time.Time{}
	}
	at, err := time.ParseInLocation("20060102150405", qn[:civil], ict)
	if err != nil {
		return time.Time{}
	}
	return at
}

// readHJ212Values reads the pairs CODE-KIND=TEXT in their order, and the DataTime.
func readHJ212Values(s string) (values []hj212Value, dataTime string) {
	at := map[string]int{}
	for pair := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ';' || r == ',' }) {
		key, text, _ := strings.Cut(pair, "=")
		key, text = strings.TrimSpace(key), strings.TrimSpace(text)
		if key == "DataTime" {
			dataTime = text
		}
		code, kind, ok := strings.Cut(key, "-")
		if !ok || code == "" {
			continue
		}
		i, known := at[code]
		if !known {
			i = len(values)
			at[code], values = i, append(values, hj212Value{code: code})
		}
		if text == "" && kind != "Flag" {
			text = "-" // a value that is not there is no number
		}
		switch v := &values[i]; kind {
		case "Rtd":
			v.instant = text
		case "Avg":
			v.mean = text
		case "Cou":
			v.volume = text
		case "Flag":
			v.flag = text
		}
	}
	return values, dataTime
}

func hj212Status(flag string) ingest.Status {
	switch strings.ToUpper(flag) {
	case "N":
		return ingest.Measuring
	case "C":
		return ingest.Calibrating
	case "D", "B", "T":
		return ingest.Fault
	}
	return ingest.Other
}
