package dialect

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"quantrac/ingest"
)

// HJ 212-2017, the Chinese telegram that some analysers speak, here as the body of a message:
//
//	##0170QN=…;ST=32;CN=2011;PW=…;MN=…;Flag=5;CP=&&DataTime=20260901080500;w01018-Rtd=31.6,w01018-Flag=N;…&&E8C1\r\n
//
// The four digits are the length of the data segment in bytes, the last four its CRC. Real-time data (CN=2011) and means of
// minutes (CN=2051) are readings: of each parameter -Rtd, else -Avg; -Cou is a volume and no reading. Other commands carry none.
// MN is the station. The password PW is never kept apart from the raw bytes.

// hj212Names are the codes of the parameters that have a counterpart in the catalogue.
var hj212Names = map[string]string{
	"w00000": "flow_out", "w01001": "ph", "w01002": "color", "w01010": "temp", "w01012": "tss", "w01018": "cod", "w01020": "toc",
	"w21003": "nh4_n", "w21001": "tn", "w21011": "tp", "001": "ph", "011": "cod", "060": "nh4_n", "B01": "flow_out",
}

func recogniseHJ212(doc *document) bool {
	b := doc.delivery.Body
	return len(b) > 6 && b[0] == '#' && b[1] == '#' && digits(string(b[2:6])) == 4
}

func decodeHJ212(doc *document) ingest.Decoded {
	var c collector
	rest := string(doc.delivery.Body)
	for index := 0; strings.HasPrefix(rest, "##"); index++ {
		segment, behind, err := hj212Frame(rest)
		if err != nil {
			c.reject(index, ingest.ReasonUndecodable, "frame %d: %v", index+1, err)
			return c.out
		}
		c.hj212(segment, index)
		rest = strings.TrimLeft(behind, "\r\n ")
	}
	return c.out
}

func hj212Frame(s string) (segment, rest string, err error) {
	const head, tail = 6, 4
	if len(s) < head {
		return "", "", errors.New("cut off in its head")
	}
	n, err := strconv.Atoi(s[2:head])
	if err != nil || n < 0 {
		return "", "", fmt.Errorf("length %q", clip(s[2:head]))
	}
	if len(s) < head+n+tail {
		return "", "", fmt.Errorf("says %d bytes, has %d", n, max(0, len(s)-head-tail))
	}
	segment = s[head : head+n]
	want := s[head+n : head+n+tail]
	if got := fmt.Sprintf("%04X", hj212CRC(segment)); !strings.EqualFold(got, want) {
		return "", "", fmt.Errorf("CRC %q, want %s", clip(want), got)
	}
	return segment, s[head+n+tail:], nil
}

// hj212CRC is the CRC of HJ 212: not that of Modbus, since the high byte is shifted in first.
func hj212CRC(s string) uint16 {
	crc := uint16(0xFFFF)
	for i := range len(s) {
		crc = crc>>8 ^ uint16(s[i])
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

type hj212Value struct {
	name, text string
	rank       int
	flag       string
}

// hj212Rank orders the kinds of value that a telegram can hold for one parameter.
var hj212Rank = map[string]int{"Rtd": 2, "Avg": 1}

func (c *collector) hj212(segment string, index int) {
	head, cp, ok := strings.Cut(segment, "CP=&&")
	if !ok {
		c.reject(index, ingest.ReasonUndecodable, "frame %d: no CP=&&", index+1)
		return
	}
	base := assumed(index, time.Time{})
	for pair := range strings.SplitSeq(head, ";") {
		if mn, ok := strings.CutPrefix(pair, "MN="); ok {
			base.Station = mn
		}
		if cn, ok := strings.CutPrefix(pair, "CN="); ok && cn != "2011" && cn != "2051" {
			c.reject(index, ingest.ReasonNoValues, "frame %d: command CN=%s carries no readings", index+1, clip(cn))
			return
		}
	}
	values := map[string]*hj212Value{}
	var order []string
	for pair := range strings.FieldsFuncSeq(strings.TrimSuffix(cp, "&&"), func(r rune) bool { return r == ';' || r == ',' }) {
		key, text, _ := strings.Cut(pair, "=")
		if key == "DataTime" {
			t, err := time.ParseInLocation("20060102150405", text, ict)
			if err != nil {
				c.reject(index, ingest.ReasonBadTime, "frame %d: DataTime %q", index+1, clip(text))
				return
			}
			base.MeasuredAt = t
			continue
		}
		code, kind, ok := strings.Cut(key, "-")
		if !ok || kind != "Flag" && hj212Rank[kind] == 0 {
			continue
		}
		v := values[code]
		if v == nil {
			v = &hj212Value{name: code}
			values[code] = v
			order = append(order, code)
		}
		if kind == "Flag" {
			v.flag = text
		} else if rank := hj212Rank[kind]; rank > v.rank {
			v.rank, v.text = rank, text
		}
	}
	for _, code := range order {
		v := values[code]
		if v.rank == 0 {
			continue
		}
		it := base
		if v.flag != "" {
			it.Flags, it.Status = 0, hj212Status(v.flag)
		}
		name := code
		if known, ok := hj212Names[code]; ok {
			name = known
		}
		c.add(it, name, textValue(v.text))
	}
}

func hj212Status(flag string) ingest.Status {
	switch flag {
	case "N":
		return ingest.Measuring
	case "C":
		return ingest.Calibrating
	case "D", "B", "T":
		return ingest.Fault
	}
	return ingest.Other
}
