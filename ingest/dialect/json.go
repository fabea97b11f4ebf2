package dialect

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Bounds on a document, so that a small body cannot become a large tree.
const (
	maxDepth = 32
	maxNodes = 200_000
	// fewMembers is the room that an object starts with.
	fewMembers = 4
)

type kind uint8

const (
	kindNull kind = iota
	kindBool
	kindNumber
	kindString
	kindArray
	kindObject
	// kindNaN is one of the bare words nan, inf and infinity, which are no JSON but are what C programs print.
	kindNaN
)

func (k kind) String() string {
	return [...]string{"null", "a boolean", "a number", "a string", "an array", "an object", "a bare NaN"}[k]
}

// value is one node of a JSON document. encoding/json is not used for the tree because field devices need three things
// that it does not give: bare NaN words beside good values, the literal text of what is no number, and byte offsets.
// A fuzz test holds the grammar equal to that of encoding/json.
type value struct {
	// key is the name under which an object holds the value.
	key string
	// text is the content of a string, else the literal as written; for arrays and objects the whole literal.
	text string
	// number is finite, or NaN when the literal is too large for a float64.
	number float64
	// items are the elements of an array or the members of an object; of members with one name only the last is there.
	items []value
	// offset is the byte at which the literal begins. A delivery is far smaller than an int32 can count.
	offset int32
	kind   kind
}

// member finds a member of an object; nil when v is no object or has no such member.
func (v *value) member(name string) *value {
	if v == nil || v.kind != kindObject {
		return nil
	}
	for i := range v.items {
		if v.items[i].key == name {
			return &v.items[i]
		}
	}
	return nil
}

// absent reports that a member is missing, null or a bare NaN, which mean the same in every format that we read.
func (v *value) absent() bool { return v == nil || v.kind == kindNull || v.kind == kindNaN }

// parseJSON reads a whole body. A byte order mark in front and NUL bytes behind, which C programs send, do not matter.
func parseJSON(body []byte) (*value, error) {
	p := parser{text: string(bytes.TrimRight(body, "\x00"))}
	if len(p.text) > math.MaxInt32 {
		return nil, p.errorf(math.MaxInt32, "the payload is too long")
	}
	if strings.HasPrefix(p.text, "\ufeff") {
		p.pos = len("\ufeff")
	}
	var root value
	if err := p.value(&root, 0); err != nil {
		return nil, err
	}
	p.space()
	if p.pos < len(p.text) {
		return nil, p.errorf(p.pos, "unexpected %s after the end of the JSON value", p.found())
	}
	return &root, nil
}

type parser struct {
	text  string
	pos   int
	nodes int
}

func (p *parser) errorf(at int, format string, args ...any) error {
	return fmt.Errorf("byte %d: %s", at, fmt.Sprintf(format, args...))
}

// found names what stands at the current position.
func (p *parser) found() string {
	if p.pos >= len(p.text) {
		return "end of the payload"
	}
	r, _ := utf8.DecodeRuneInString(p.text[p.pos:])
	return strconv.QuoteRune(r)
}

func (p *parser) space() {
	for p.pos < len(p.text) {
		switch p.text[p.pos] {
		case ' ', '\t', '\n', '\r':
			p.pos++
		default:
			return
		}
	}
}

// next skips white space and returns the byte that follows, 0 at the end.
func (p *parser) next() byte {
	p.space()
	if p.pos >= len(p.text) {
		return 0
	}
	return p.text[p.pos]
}

func (p *parser) value(v *value, depth int) error {
	c := p.next()
	v.offset = int32(p.pos)
	p.nodes++
	switch {
	case depth > maxDepth:
		return p.errorf(p.pos, "nested deeper than %d levels", maxDepth)
	case p.nodes > maxNodes:
		return p.errorf(p.pos, "more than %d values", maxNodes)
	case c == '{':
		return p.object(v, depth)
	case c == '[':
		return p.array(v, depth)
	case c == '"':
		s, err := p.str()
		v.kind, v.text = kindString, s
		return err
	case c >= '0' && c <= '9', c == '-' && p.pos+1 < len(p.text) && p.text[p.pos+1] >= '0' && p.text[p.pos+1] <= '9':
		return p.numberLiteral(v)
	default:
		return p.word(v)
	}
}

func (p *parser) object(v *value, depth int) error {
	v.kind = kindObject
	p.pos++
	if p.next() == '}' {
		p.pos++
		v.text = p.text[v.offset:p.pos]
		return nil
	}
	for {
		if p.next() != '"' {
			return p.errorf(p.pos, "expected a member name in quotes, found %s", p.found())
		}
		key, err := p.str()
		if err != nil {
			return err
		}
		if p.next() != ':' {
			return p.errorf(p.pos, "expected ':' after the name %q, found %s", clip(key), p.found())
		}
		p.pos++
		if v.items == nil {
			v.items = make([]value, 0, fewMembers)
		}
		v.items = append(v.items, value{key: key})
		if err := p.value(&v.items[len(v.items)-1], depth+1); err != nil {
			return err
		}
		if done, err := p.separator('}'); done || err != nil {
			v.text = p.text[v.offset:p.pos]
			v.items = lastOfEach(v.items)
			return err
		}
	}
}

func (p *parser) array(v *value, depth int) error {
	v.kind = kindArray
	p.pos++
	if p.next() == ']' {
		p.pos++
		v.text = p.text[v.offset:p.pos]
		return nil
	}
	for {
		v.items = append(v.items, value{})
		if err := p.value(&v.items[len(v.items)-1], depth+1); err != nil {
			return err
		}
		if done, err := p.separator(']'); done || err != nil {
			v.text = p.text[v.offset:p.pos]
			return err
		}
	}
}

// separator reads the comma between two items or the bracket that ends them.
func (p *parser) separator(end byte) (done bool, err error) {
	switch p.next() {
	case ',':
		p.pos++
		return false, nil
	case end:
		p.pos++
		return true, nil
	}
	return false, p.errorf(p.pos, "expected ',' or '%c', found %s", end, p.found())
}

// str reads a string. Most have no escape and are a part of the body as it stands.
func (p *parser) str() (string, error) {
	start := p.pos
	escaped := false
	for i := start + 1; i < len(p.text); i++ {
		switch c := p.text[i]; {
		case c == '\\':
			escaped = true
			i++
		case c < 0x20:
			return "", p.errorf(i, "control character %#02x inside a string", c)
		case c == '"':
			p.pos = i + 1
			return p.unquote(start, escaped)
		}
	}
	return "", p.errorf(start, "a string without an end")
}

func (p *parser) unquote(start int, escaped bool) (string, error) {
	raw := p.text[start:p.pos]
	if !escaped {
		return strings.ToValidUTF8(raw[1:len(raw)-1], "\ufffd"), nil
	}
	var s string
	if err := json.Unmarshal([]byte(raw), &s); err != nil {
		return "", p.errorf(start, "a string with a wrong escape")
	}
	return s, nil
}

func (p *parser) numberLiteral(v *value) error {
	end := p.pos
	for end < len(p.text) && strings.IndexByte("0123456789+-.eE", p.text[end]) >= 0 {
		end++
	}
	v.text = p.text[p.pos:end]
	if !isJSONNumber(v.text) {
		return p.errorf(p.pos, "%q is no JSON number", clip(v.text))
	}
	p.pos = end
	v.kind = kindNumber
	n, err := strconv.ParseFloat(v.text, 64)
	if err != nil {
		n = math.NaN()
	}
	v.number = n
	return nil
}

// isJSONNumber checks the grammar of RFC 8259 on a string of digits, signs, points and exponents.
func isJSONNumber(s string) bool {
	s = strings.TrimPrefix(s, "-")
	whole := digits(s)
	if whole == 0 || (whole > 1 && s[0] == '0') {
		return false
	}
	s = s[whole:]
	if strings.HasPrefix(s, ".") {
		n := digits(s[1:])
		if n == 0 {
			return false
		}
		s = s[1+n:]
	}
	if s == "" {
		return true
	}
	if s[0] != 'e' && s[0] != 'E' {
		return false
	}
	s = s[1:]
	if s != "" && (s[0] == '+' || s[0] == '-') {
		s = s[1:]
	}
	return s != "" && digits(s) == len(s)
}

func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

// word reads true, false, null and the spellings of what is no number.
func (p *parser) word(v *value) error {
	end := p.pos
	for end < len(p.text) && (isLetter(p.text[end]) || (end == p.pos && (p.text[end] == '-' || p.text[end] == '+'))) {
		end++
	}
	v.text = p.text[p.pos:end]
	switch v.text {
	case "null":
		v.kind = kindNull
	case "true", "false":
		v.kind = kindBool
	default:
		switch strings.ToLower(strings.TrimLeft(v.text, "+-")) {
		case "nan", "inf", "infinity":
			v.kind, v.number = kindNaN, math.NaN()
		default:
			return p.errorf(p.pos, "expected a JSON value, found %s", p.found())
		}
	}
	p.pos = end
	return nil
}

func isLetter(c byte) bool { return (c|0x20) >= 'a' && (c|0x20) <= 'z' }

// lastOfEach drops members that a later member of the same name replaces. Order is kept.
func lastOfEach(items []value) []value {
	const few = 24
	if len(items) > few {
		return lastOfMany(items)
	}
	for i := range items {
		if namedIn(items[i+1:], items[i].key) {
			return lastOfMany(items)
		}
	}
	return items
}

func namedIn(items []value, key string) bool {
	for i := range items {
		if items[i].key == key {
			return true
		}
	}
	return false
}

func lastOfMany(items []value) []value {
	last := make(map[string]int, len(items))
	for i := range items {
		last[items[i].key] = i
	}
	kept := items[:0]
	for i := range items {
		if last[items[i].key] == i {
			kept = append(kept, items[i])
		}
	}
	return kept
}

// toText reads bytes that should be text.
func toText(b []byte) string { return strings.ToValidUTF8(string(b), "\ufffd") }

// clip bounds a stranger's text in our messages and records.
func clip(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
