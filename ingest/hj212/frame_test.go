package hj212

import (
	"bytes"
	"strings"
	"testing"
)

// crc is the checksum of HJ 212, as cmd passes it from the dialect.
func crc(b []byte) uint16 {
	v := uint16(0xFFFF)
	for _, c := range b {
		v = v>>8 ^ uint16(c)
		for range 8 {
			odd := v&1 == 1
			v >>= 1
			if odd {
				v ^= 0xA001
			}
		}
	}
	return v
}

const (
	realTime = "##0170QN=20260901080500000;ST=32;CN=2011;PW=000000;MN=75DN00000000000000000001;Flag=5;CP=&&DataTime=20260901080500;w01018-Rtd=31.6,w01018-Flag=N;w01001-Rtd=7.42,w01001-Flag=C&&E8C1\r\n"
	minutes  = "##0186QN=20260901080500000;ST=32;CN=2051;PW=000000;MN=75DN00000000000000000001;Flag=5;CP=&&DataTime=20260901080500;w01001-Avg=7.42,w01001-Flag=N;w01018-Avg=38.6,w01018-Flag=N;w00000-Cou=52.3&&3480\r\n"
	reply    = "##0087QN=20260901080500000;ST=91;CN=9014;PW=000000;MN=75DN00000000000000000001;Flag=4;CP=&&&&6FC0\r\n"
)

func telegram(data string) string { return string(frame([]byte(data), crc)) + "\r\n" }

type found struct {
	kind kind
	text string
}

// cutAll cuts a stream that comes in pieces of the given size.
func cutAll(stream string, size int) []found {
	var out []found
	var buf []byte
	take := func(over bool) {
		for len(buf) > 0 {
			k, n := next(buf, crc, over)
			if k == more {
				return
			}
			if text := strings.Trim(string(buf[:n]), "\r\n"); k != garbage || text != "" {
				out = append(out, found{k, text})
			}
			buf = buf[n:]
		}
	}
	for len(stream) > 0 {
		n := min(size, len(stream))
		buf = append(buf, stream[:n]...)
		stream = stream[n:]
		take(false)
	}
	take(true)
	return out
}

func TestNext(t *testing.T) {
	a, b := strings.TrimSpace(realTime), strings.TrimSpace(minutes)
	wrong := a[:len(a)-4] + "0000"
	lost := strings.Replace(a, "31.6", "3", 1) // its length is now too great
	for name, tc := range map[string]struct {
		stream string
		want   []found
	}{
		"two":                     {realTime + minutes, []found{{good, a}, {good, b}}},
		"without line ends":       {a + b, []found{{good, a}, {good, b}}},
		"lower case":              {a[:len(a)-4] + "e8c1", []found{{good, a[:len(a)-4] + "e8c1"}}},
		"wrong checksum":          {wrong + "\r\n" + minutes, []found{{bad, wrong}, {good, b}}},
		"bytes lost":              {lost + "\r\n" + minutes, []found{{bad, lost}, {good, b}}},
		"bytes lost, no line end": {lost + b, []found{{bad, lost}, {good, b}}},
		"cut off":                 {a[:50], []found{{bad, a[:50]}}},
		"cut off, next follows":   {a[:50] + "\r\n" + minutes, []found{{bad, a[:50]}, {good, b}}},
		"wrong great length":      {"##9999" + a[6:] + "\r\n" + minutes, []found{{bad, "##9999" + a[6:]}, {good, b}}},
		"head inside good data":   {telegram("CP=&&x=##0012&&"), []found{{good, strings.TrimSpace(telegram("CP=&&x=##0012&&"))}}},
		"only heads":              {"##0000##0000", []found{{bad, "##0000"}, {bad, "##0000"}}},
		"an empty segment":        {"##0000FFFF", []found{{good, "##0000FFFF"}}},
		"longest":                 {telegram(strings.Repeat("#", maxData)), []found{{good, strings.TrimSpace(telegram(strings.Repeat("#", maxData)))}}},
	} {
		for _, size := range []int{1, 7, 1 << 20} {
			got := cutAll(tc.stream, size)
			if len(got) != len(tc.want) {
				t.Errorf("%s in pieces of %d: %d found: %.400v", name, size, len(got), got)
				continue
			}
			for i := range got {
				if got[i].kind != tc.want[i].kind || strings.TrimRight(got[i].text, "\r\n") != tc.want[i].text {
					t.Errorf("%s in pieces of %d: %d is %.300v, want %.300v", name, size, i, got[i], tc.want[i])
				}
			}
		}
	}
}

func TestNextSkipsGarbage(t *testing.T) {
	for _, noise := range []string{"GET / HTTP/1.1\r\n\r\n", "#", "##", "##12", "###", "##12x4", "\x00\xff##\xff", strings.Repeat("#", 5000)} {
		for _, size := range []int{1, 3, 1 << 20} {
			var frames []string
			for _, f := range cutAll(noise+realTime+noise+minutes, size) {
				if f.kind == good {
					frames = append(frames, f.text)
				}
			}
			if len(frames) != 2 || frames[0] != strings.TrimSpace(realTime) {
				t.Errorf("after %.20q in pieces of %d: %.300q", noise, size, frames)
			}
		}
	}
}

func TestKept(t *testing.T) {
	raw := []byte(telegram("QN=1;PW=se;cret;PW=geheim;MN=a;Flag=5;CP=&&DataTime=20260901080500;PW=x&&"))
	raw = raw[:len(raw)-2]
	s := readSegment(string(raw[headLen : len(raw)-crcLen]))
	got := kept(good, raw, &s, &split{}, crc)
	if want := strings.TrimSpace(telegram("QN=1;PW=**;cret;PW=******;MN=a;Flag=5;CP=&&DataTime=20260901080500;PW=*&&")); string(got) != want {
		t.Errorf("kept %s, want %s", got, want)
	}
	if !bytes.Contains(raw, []byte("PW=geheim")) {
		t.Error("the frame itself was changed: its answer repeats the PW")
	}
	broken := []byte(strings.TrimSpace(telegram("QN=1;PW=geheim;MN=a;Flag=5;CP=&&&&")))
	copy(broken[len(broken)-4:], "0000")
	got = kept(bad, broken, &s, &split{}, crc)
	if k, n := next(got, crc, true); k != bad || n != len(got) || bytes.Contains(got, []byte("geheim")) || !bytes.HasSuffix(got, []byte("0000")) {
		t.Errorf("a broken frame is kept as %s", got)
	}
}

// Only the first packet of a telegram has its time.
func TestKeptTimeOfPackets(t *testing.T) {
	var sp split
	keep := func(data string) string {
		raw := []byte(strings.TrimSpace(telegram(data)))
		s := readSegment(data)
		return string(kept(good, raw, &s, &sp, crc))
	}
	keep("QN=7;MN=a;Flag=7;PNUM=2;PNO=1;CP=&&DataTime=20260901080500;w01018-Rtd=31.6&&")
	for data, want := range map[string]string{
		"QN=7;MN=a;Flag=7;PNUM=2;PNO=2;CP=&&w01001-Rtd=7&&": "QN=7;MN=a;Flag=7;PNUM=2;PNO=2;CP=&&DataTime=20260901080500;w01001-Rtd=7&&",
		"QN=8;MN=a;Flag=7;PNUM=2;PNO=2;CP=&&w01001-Rtd=7&&": "QN=8;MN=a;Flag=7;PNUM=2;PNO=2;CP=&&w01001-Rtd=7&&",
		"QN=7;MN=b;Flag=7;PNUM=2;PNO=2;CP=&&w01001-Rtd=7&&": "QN=7;MN=b;Flag=7;PNUM=2;PNO=2;CP=&&w01001-Rtd=7&&",
		"QN=7;MN=a;Flag=5;CP=&&w01001-Rtd=7&&":              "QN=7;MN=a;Flag=5;CP=&&w01001-Rtd=7&&",
	} {
		if got := keep(data); got != strings.TrimSpace(telegram(want)) {
			t.Errorf("%s is kept as %s", data, got)
		}
	}
}

func TestAnswer(t *testing.T) {
	s := readSegment(realTime[headLen : headLen+170])
	if !s.wantsAnswer() || string(s.answer(crc)) != reply {
		t.Errorf("answer %q, want %q", s.answer(crc), reply)
	}
	for _, data := range []string{"Flag=4;CP=&&&&", "CP=&&&&", "ST=91;CN=9014;Flag=5;CP=&&&&", "ST=32;CN=9011;Flag=5;CP=&&&&", "Flag=x;CP=&&&&", "QN=" + strings.Repeat("1", 2000) + ";Flag=5;CP=&&&&"} {
		if s := readSegment(data); s.wantsAnswer() {
			t.Errorf("%.40s is answered", data)
		}
	}
}

// Whatever comes, in whatever pieces: cutting ends, loses no byte, needs no more than the buffer, and finds what stands behind.
func FuzzFramer(f *testing.F) {
	for _, s := range []string{realTime, minutes, realTime + minutes, realTime[:60] + minutes, "##9999" + realTime, "####0000FFFF", "##0005PW=ab0000", "\r\n##\r\n##00"} {
		f.Add([]byte(s), uint16(5))
	}
	f.Fuzz(func(t *testing.T, stream []byte, size uint16) {
		var buf []byte
		taken := 0
		take := func(over bool) {
			for len(buf) > 0 {
				k, n := next(buf, crc, over)
				if k == more {
					if over || len(buf) >= maxBuffer {
						t.Fatalf("waits for more with %d bytes, over %v", len(buf), over)
					}
					return
				}
				if n <= 0 || n > len(buf) {
					t.Fatalf("takes %d of %d bytes", n, len(buf))
				}
				if k == good || k == bad {
					s := readSegment(string(buf[headLen:n]))
					body := kept(k, buf[:n], &s, &split{qn: s.qn, mn: s.mn, dataTime: "DataTime=20260901080500;"}, crc)
					if kk, _ := next(body, crc, true); kk != k {
						t.Fatalf("%q of kind %v is kept as %q of kind %v", buf[:n], k, body, kk)
					}
				}
				buf, taken = buf[n:], taken+n
			}
		}
		rest := stream
		for len(rest) > 0 {
			n := min(int(size)+1, len(rest), maxBuffer-len(buf))
			buf = append(buf, rest[:n]...)
			rest = rest[n:]
			take(false)
		}
		take(true)
		if taken != len(stream) {
			t.Fatalf("took %d of %d bytes", taken, len(stream))
		}
	})
}
