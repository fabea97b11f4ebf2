package geo

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Fold reduces a name to what matters in it: letters and digits, lower case, without diacritics.
func Fold(s string) string {
	if isFolded(s) {
		return s
	}
	return string(AppendFold(make([]byte, 0, len(s)), s))
}

// AppendFold appends Fold(s) to dst. Where dst has room and s is ASCII it allocates nothing.
func AppendFold(dst []byte, s string) []byte {
	start := len(dst)
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= utf8.RuneSelf:
			return appendFoldWide(dst[:start], s)
		case c >= 'A' && c <= 'Z':
			dst = append(dst, c+'a'-'A')
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			dst = append(dst, c)
		}
	}
	return dst
}

func appendFoldWide(dst []byte, s string) []byte {
	// A broken byte keeps the letter behind it from being taken apart.
	for _, r := range norm.NFD.String(strings.ToValidUTF8(s, "")) {
		switch {
		case r == 'đ' || r == 'Đ': // no combination of d and a mark, so NFD leaves it
			dst = append(dst, 'd')
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			dst = utf8.AppendRune(dst, unicode.ToLower(r))
		}
	}
	return dst
}

func isFolded(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}
