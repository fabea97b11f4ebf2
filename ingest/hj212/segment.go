package hj212

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// segment is what the head of a data segment says.
type segment struct {
	qn, st, cn, pw, mn string
	flag               int
	// pno is the number of this packet of a telegram that was sent in several; 0 = it was not.
	pno int
	cp  string
}

func readSegment(data string) segment {
	head, cp, _ := strings.Cut(data, "CP=&&")
	s := segment{cp: strings.TrimSuffix(cp, "&&")}
	for pair := range strings.SplitSeq(head, ";") {
		key, value, _ := strings.Cut(pair, "=")
		switch key {
		case "QN":
			s.qn = value
		case "ST":
			s.st = value
		case "CN":
			s.cn = value
		case "PW":
			s.pw = value
		case "MN":
			s.mn = value
		case "Flag":
			s.flag, _ = strconv.Atoi(value)
		case "PNO":
			s.pno, _ = strconv.Atoi(value)
		}
	}
	return s
}

// wantsAnswer is the lowest bit of Flag. An answer is never answered, or two systems would talk for ever.
func (s *segment) wantsAnswer() bool {
	const longest = 1024 // of what an answer repeats: it must fit into a frame
	return s.flag&1 == 1 && s.st != "91" && !strings.HasPrefix(s.cn, "90") && len(s.qn)+len(s.pw)+len(s.mn) <= longest
}

// answer is the frame that confirms a telegram: command 9014 with its QN, PW and MN, and of its Flag only the version.
func (s *segment) answer(checksum func([]byte) uint16) []byte {
	const version = ^3
	data := fmt.Sprintf("QN=%s;ST=91;CN=9014;PW=%s;MN=%s;Flag=%d;CP=&&&&", s.qn, s.pw, s.mn, s.flag&version)
	return append(frame([]byte(data), checksum), "\r\n"...)
}

func frame(data []byte, checksum func([]byte) uint16) []byte {
	out := fmt.Appendf(make([]byte, 0, headLen+len(data)+crcLen+2), "##%04d", len(data))
	out = append(out, data...)
	return fmt.Appendf(out, "%04X", checksum(data))
}

// mask blots out the values of PW, whose length stays. Before CP one ends only at a semicolon, as it is read.
func mask(b []byte) {
	head, rest := b, []byte(nil)
	if i := bytes.Index(b, []byte(";CP=&&")); i >= 0 {
		head, rest = b[:i], b[i:]
	}
	maskUntil(head, ";\r\n")
	maskUntil(rest, ";&\r\n")
}

func maskUntil(b []byte, ends string) {
	for {
		i := bytes.Index(b, []byte("PW="))
		if i < 0 {
			return
		}
		b = b[i+len("PW="):]
		for j, c := range b {
			if strings.IndexByte(ends, c) >= 0 {
				break
			}
			b[j] = '*'
		}
	}
}

// dataTime is the pair DataTime=… of a CP with its semicolon; "" = there is none.
func dataTime(cp string) string {
	i := strings.Index(cp, "DataTime=")
	if i < 0 || i > 0 && !strings.ContainsAny(cp[i-1:i], ";,") {
		return ""
	}
	pair, _, _ := strings.Cut(cp[i:], ";")
	pair, _, _ = strings.Cut(pair, ",")
	return pair + ";"
}

// split remembers the time of a telegram that comes in several packets: only the first has it.
type split struct{ qn, mn, dataTime string }

// kept is a frame as it is submitted: PW masked, and with the time of its telegram in every packet of several. The checksum is
// computed anew where it was right, so that it still says what it said; a wrong one stays wrong.
func kept(k kind, raw []byte, s *segment, sp *split, checksum func([]byte) uint16) []byte {
	out := bytes.Clone(raw)
	if k != good {
		mask(out)
		if n := len(out) - crcLen; n >= headLen && len(out) == headLen+decimal(out[2:headLen])+crcLen && checksumRight(out, checksum) {
			copy(out[n:], "----")
		}
		return out
	}
	data := out[headLen : len(out)-crcLen]
	mask(data)
	switch t := dataTime(s.cp); {
	case s.pno == 0:
	case t != "":
		*sp = split{qn: s.qn, mn: s.mn, dataTime: t}
	case sp.dataTime != "" && sp.qn == s.qn && sp.mn == s.mn && len(data)+len(sp.dataTime) <= maxData:
		data = bytes.Replace(data, []byte("CP=&&"), []byte("CP=&&"+sp.dataTime), 1)
	}
	return frame(data, checksum)
}
