package web

import (
	"net/http"
	"strings"
)

// precondition holds what is there against If-Match and If-None-Match (RFC 9110, 13.1). tag is its entity tag; "" = nothing is there.
func precondition(r *http.Request, what, tag string) error {
	if match := r.Header.Get("If-Match"); match != "" && (tag == "" || !listsTag(match, tag)) {
		return fail(http.StatusPreconditionFailed, "the "+what+" is not as If-Match says: read it again")
	}
	if match := r.Header.Get("If-None-Match"); match != "" && tag != "" && listsTag(match, tag) {
		return fail(http.StatusPreconditionFailed, "there is a "+what+" already")
	}
	return nil
}

func listsTag(list, tag string) bool {
	for t := range strings.SplitSeq(list, ",") {
		if t = strings.TrimSpace(t); t == "*" || t == tag {
			return true
		}
	}
	return false
}
