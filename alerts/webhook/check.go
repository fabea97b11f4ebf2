package webhook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"quantrac/alerts"
	"quantrac/geo"
)

const (
	maxName = 200
	maxURL  = 2048
)

// Invalid lists what is wrong with a Spec; paths are field names such as "filter.severities[0]".
type Invalid struct{ Problems []geo.Problem }

func (e *Invalid) Error() string {
	texts := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		texts[i] = p.String()
	}
	return "webhook: " + strings.Join(texts, "; ")
}

// Decode reads a Spec as the API takes it. An unknown field is an *Invalid.
func Decode(body []byte) (Spec, error) {
	var spec Spec
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&spec); err != nil {
		return spec, invalidJSON(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return spec, &Invalid{[]geo.Problem{{Message: "there is more behind the object"}}}
	}
	return spec, nil
}

func invalidJSON(err error) error {
	var field *json.UnmarshalTypeError
	if errors.As(err, &field) {
		return &Invalid{[]geo.Problem{{Path: field.Field, Message: "cannot be a JSON " + field.Value}}}
	}
	return &Invalid{[]geo.Problem{{Message: strings.TrimPrefix(err.Error(), "json: ")}}}
}

// CheckConfigured returns what is wrong with the webhooks of a configuration file; paths begin with "webhooks[i]".
func CheckConfigured(specs []Spec, allow []netip.Prefix) []geo.Problem {
	var problems []geo.Problem
	names := map[string]int{}
	for i := range specs {
		at := fmt.Sprintf("webhooks[%d].", i)
		for _, p := range specs[i].Check(allow) {
			problems = append(problems, geo.Problem{Path: at + p.Path, Message: p.Message})
		}
		if first, taken := names[specs[i].Name]; taken {
			problems = append(problems, geo.Problem{Path: at + "name", Message: fmt.Sprintf("is the name of webhooks[%d] too", first)})
			continue
		}
		names[specs[i].Name] = i
	}
	return problems
}

// Check returns what is wrong with a Spec. allow are the private networks that may be reached.
func (spec *Spec) Check(allow []netip.Prefix) []geo.Problem {
	var problems []geo.Problem
	add := func(path, format string, args ...any) {
		problems = append(problems, geo.Problem{Path: path, Message: fmt.Sprintf(format, args...)})
	}
	switch {
	case strings.TrimSpace(spec.Name) == "":
		add("name", "is missing")
	case len(spec.Name) > maxName || !utf8.ValidString(spec.Name):
		add("name", "must be UTF-8 of at most %d bytes", maxName)
	}
	if fault := checkURL(spec.URL, allow); fault != "" {
		add("url", "%s", fault)
	}
	known := eventTypes()
	for i, name := range spec.Events {
		if !slices.Contains(known, name) {
			add(fmt.Sprintf("events[%d]", i), "%q is none of %s", name, strings.Join(known, ", "))
		}
	}
	for i, name := range spec.Filter.Severities {
		var s alerts.Severity
		if err := s.UnmarshalText([]byte(name)); err != nil || s == alerts.None {
			add(fmt.Sprintf("filter.severities[%d]", i), "%q is none of info, warning, critical, emergency", name)
		}
	}
	checkIDs(spec.Filter.Parks, "filter.parks", add)
	checkIDs(spec.Filter.Stations, "filter.stations", add)
	if !slices.Contains([]string{"", FormatQuantrac, FormatAlertmanager, FormatCloudEvents}, spec.Format) {
		add("format", "%q is none of %s, %s, %s", spec.Format, FormatQuantrac, FormatAlertmanager, FormatCloudEvents)
	}
	if spec.Secret != "" {
		if _, err := secret(spec.Secret).key(); err != nil {
			add("secret", "%s", err)
		}
	}
	return problems
}

func checkIDs(ids []string, path string, add func(path, format string, args ...any)) {
	for i, id := range ids {
		if !geo.ValidID(id) {
			add(fmt.Sprintf("%s[%d]", path, i), "%q is no id", id)
		}
	}
}

func eventTypes() []string {
	types := append(usualEvents(), alerts.Commented, alerts.Assigned, alerts.Escalated)
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = string(t)
	}
	return names
}

// checkURL says what is wrong with a recipient's address, or "". What a name resolves to is judged at every connection.
func checkURL(text string, allow []netip.Prefix) string {
	if text == "" {
		return "is missing"
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || len(text) > maxURL:
		return fmt.Sprintf("is no URL of at most %d bytes", maxURL)
	case u.Scheme != "https" && u.Scheme != "http":
		return "must begin with https:// (or http:// for a target in webhooks.allow_private)"
	case u.Hostname() == "":
		return "names no host"
	case u.User != nil:
		return "must not carry credentials"
	case u.Fragment != "":
		return "must not have a fragment"
	case u.Scheme == "http" && len(allow) == 0:
		return "must begin with https://; plain http is for targets in webhooks.allow_private only"
	}
	if addr, err := netip.ParseAddr(u.Hostname()); err == nil {
		if err := (guard{allow: allow, plain: u.Scheme == "http"}).check(addr); err != nil {
			return err.Error()
		}
	}
	return ""
}
