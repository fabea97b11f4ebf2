package ingest

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"quantrac/geo"
)

// words is a name prepared for comparison.
type words struct {
	folded string
	// list are its words, folded: runs of letters and of digits, cut where a capital follows a small letter. Numbers have no
	// leading zeros.
	list []string
}

// Bounds of a comparison, whose cost grows with the product of both lengths.
const (
	maxCompared = 64 // bytes
	maxWords    = 12
)

func wordsOf(name string) words {
	name = cut(name, maxCompared)
	w := words{folded: cut(geo.Fold(name), maxCompared)}
	var before rune
	var from int
	take := func(to int) {
		if word := geo.Fold(name[from:to]); word != "" && len(w.list) < maxWords {
			if number := strings.TrimLeft(word, "0"); isDigits(word) && number != "" {
				word = number
			}
			w.list = append(w.list, word)
		}
		from = to
	}
	for i, r := range name {
		apart := !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
		if apart || unicode.IsDigit(r) != unicode.IsDigit(before) || unicode.IsUpper(r) && unicode.IsLower(before) {
			take(i)
		}
		before = r
	}
	take(len(name))
	return w
}

func isDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// holdsRun reports whether some words in a row spell the folded name.
func (w words) holdsRun(folded string) bool {
	for from := range w.list {
		rest := folded
		for _, word := range w.list[from:] {
			var ok bool
			if rest, ok = strings.CutPrefix(rest, word); !ok {
				break
			}
			if rest == "" {
				return true
			}
		}
	}
	return false
}

// shared is the share of two names that lies in words which both have, by length, and which these are.
func (w words) shared(other words) (float64, string) {
	both, all := 0, 0
	var same []string
	for _, word := range w.list {
		all += len(word)
		if slices.Contains(other.list, word) && !slices.Contains(same, word) {
			both += len(word)
			same = append(same, word)
		}
	}
	for _, word := range other.list {
		all += len(word)
	}
	if both == 0 || all == 0 || !slices.ContainsFunc(same, func(s string) bool { return !isDigits(s) }) {
		return 0, "" // a number alone says nothing
	}
	return min(1, 2*float64(both)/float64(all)), fmt.Sprintf("both hold %q", strings.Join(same, " "))
}

// spelling is how alike two folded names are spelt; 0 where that is too little to be a slip.
func (w words) spelling(folded, name string) (float64, string) {
	a, b := w.folded, cut(folded, maxCompared)
	longer := max(len(a), len(b))
	if a == b && a != "" {
		return 1, fmt.Sprintf("%q is spelt alike", name)
	}
	if longer < 3 || min(len(a), len(b)) < 2 {
		return 0, ""
	}
	if shorter := min(len(a), len(b)); shorter >= 4 && (strings.HasPrefix(a, b) || strings.HasPrefix(b, a)) {
		return 0.65 + 0.35*float64(shorter)/float64(longer), fmt.Sprintf("it begins like %q", name)
	}
	most := longer * 2 / 5
	if difference(a, b) > most {
		return 0, ""
	}
	d := distance(a, b)
	if d > most {
		return 0, ""
	}
	return 1 - float64(d)/float64(longer), fmt.Sprintf("it differs from %q by %d", name, d)
}

// difference is a bound below distance that is quickly found.
func difference(a, b string) int {
	var count [256]int8 // texts have at most maxCompared bytes and the mark of a cut
	for i := range len(a) {
		count[a[i]]++
	}
	for i := range len(b) {
		count[b[i]]--
	}
	more, less := 0, 0
	for _, n := range count {
		if n > 0 {
			more += int(n)
		} else {
			less -= int(n)
		}
	}
	return max(more, less)
}

// distance is how many bytes must be put in, taken out, changed or swapped with their neighbour to make b of a (optimal string
// alignment).
func distance(a, b string) int {
	const room = maxCompared + 4
	var last, row, next [room]int
	for j := range len(b) + 1 {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next[0] = i
		for j := 1; j <= len(b); j++ {
			change := row[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			next[j] = min(change, row[j]+1, next[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], last[j-2]+1)
			}
		}
		last, row = row, next
	}
	return row[len(b)]
}
