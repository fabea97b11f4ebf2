package hj212

import (
	"bytes"
	"strconv"
)

// A frame is "##", four decimal digits, as many bytes of data, four hexadecimal digits of checksum, CR LF.
const (
	headLen = 6
	crcLen  = 4
	maxData = 9999
	// maxBuffer holds the longest frame and the head of the next.
	maxBuffer = headLen + maxData + crcLen + headLen
)

type kind uint8

const (
	// more: nothing can be said yet.
	more kind = iota
	// garbage belongs to no frame.
	garbage
	// good is a frame whose checksum is right.
	good
	// bad looks like a frame, but is cut off or has a wrong checksum.
	bad
)

// next says what buf begins with, and how many bytes of it that is. With over set nothing will follow what buf holds now.
//
// A frame is taken by its length when its checksum proves it. Otherwise the length is not believed: where another head stands
// inside, the frame ends before it, so that a byte lost on the way costs one frame and not the one behind it as well.
func next(buf []byte, checksum func([]byte) uint16, over bool) (kind, int) {
	switch at, whole := findHead(buf); {
	case at < 0:
		return garbage, len(buf)
	case at > 0:
		return garbage, at
	case !whole && over:
		return garbage, len(buf)
	case !whole:
		return more, 0
	}
	total := headLen + decimal(buf[2:headLen]) + crcLen
	if len(buf) < total {
		return nextUnfinished(buf, over)
	}
	if checksumRight(buf[:total], checksum) {
		return good, total
	}
	at, whole := findHead(buf[2:])
	switch at += 2; {
	case at < 2 || at >= total:
		return bad, total
	case whole || over:
		return bad, at
	default:
		return more, 0
	}
}

// nextUnfinished is next for a frame that has not come whole. Data never holds a line end before a head: that is the next frame.
func nextUnfinished(buf []byte, over bool) (kind, int) {
	for from := headLen; ; {
		i := bytes.Index(buf[from:], []byte("\r\n##"))
		if i < 0 {
			break
		}
		from += i + 2
		if at, whole := findHead(buf[from:]); at == 0 && whole {
			return bad, from
		}
	}
	if over {
		return bad, len(buf)
	}
	return more, 0
}

// findHead returns where the first head begins, -1 = nowhere. It is not whole when b ends within it.
func findHead(b []byte) (at int, whole bool) {
	for i := range b {
		rest := b[i:min(len(b), i+headLen)]
		if couldBeHead(rest) {
			return i, len(rest) == headLen
		}
	}
	return -1, false
}

func couldBeHead(b []byte) bool {
	for i, c := range b {
		if i < 2 && c != '#' || i >= 2 && (c < '0' || c > '9') {
			return false
		}
	}
	return len(b) > 0
}

func decimal(digits []byte) int {
	n := 0
	for _, d := range digits {
		n = 10*n + int(d-'0')
	}
	return n
}

// checksumRight judges a whole frame.
func checksumRight(frame []byte, checksum func([]byte) uint16) bool {
	end := len(frame) - crcLen
	want, err := strconv.ParseUint(string(frame[end:]), 16, 16)
	return err == nil && uint16(want) == checksum(frame[headLen:end])
}
