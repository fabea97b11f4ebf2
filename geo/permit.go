package geo

import (
	"strings"
	"time"
	"unicode"
)

// Permit is the environmental permit (GPMT) under which a station's outfall or stack is run.
type Permit struct {
	Number    string `json:"number" yaml:"number"`
	Authority string `json:"authority,omitempty" yaml:"authority,omitempty"`
	// Issued and Expires are days; zero = not known.
	Issued  time.Time `json:"issued,omitzero" yaml:"issued,omitempty"`
	Expires time.Time `json:"expires,omitzero" yaml:"expires,omitempty"`
}

// maxFact bounds a line of text about a station, in bytes.
const maxFact = 500

// checkPapers checks what a station's passport says beside its instruments.
func (s *Station) checkPapers(at string, report func(string, string, ...any)) {
	if s.Camera != "" && !isWebAddress(s.Camera) {
		report(at+".camera", "a camera is an http or https address without a password, of at most %d bytes", maxFact)
	}
	p := s.Permit
	if p == nil {
		return
	}
	for field, text := range map[string]string{"number": p.Number, "authority": p.Authority} {
		if len(text) > maxFact || strings.ContainsFunc(text, unicode.IsControl) {
			report(at+".permit."+field, "at most %d bytes without control characters", maxFact)
		}
	}
	if strings.TrimSpace(p.Number) == "" {
		report(at+".permit.number", "the number of the permit is missing")
	}
	if !p.Issued.IsZero() && !p.Expires.IsZero() && !p.Issued.Before(p.Expires) {
		report(at+".permit.expires", "a permit expires after it was issued")
	}
}

// isWebAddress keeps out what a press on a link must not run, and passwords that a page would show.
func isWebAddress(s string) bool {
	rest, ok := strings.CutPrefix(s, "https://")
	if !ok {
		rest, ok = strings.CutPrefix(s, "http://")
	}
	host, _, _ := strings.Cut(rest, "/")
	blank := func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }
	return ok && len(s) <= maxFact && host != "" && !strings.ContainsAny(host, `@\`) && !strings.ContainsFunc(s, blank)
}
