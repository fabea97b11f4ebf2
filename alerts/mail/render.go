package mail

import (
	"bytes"
	"fmt"
	"html/template"
	"slices"
	"strconv"
	"strings"

	"quantrac/alerts"
)

// page is a digest in one language, ready for both forms of an e-mail.
type page struct {
	Lang, Title, Summary string
	Sections             []section
	Foot                 string
}

type section struct {
	Title   string
	Entries []entry
	More    string
}

type entry struct {
	Title, Summary string
	Lines          []fact
	URL, Link      string
	Colour         template.CSS
}

// fact is a label and its text.
type fact struct{ Label, Text string }

func (w words) page(d *digest, name string) page {
	p := page{Lang: w.lang, Title: w.subject(d), Foot: w.say("foot", name)}
	if d.Test {
		p.Summary = w.say("teststory")
		return p
	}
	p.Summary = w.say("summary", strconv.Itoa(len(d.Changes)+d.MoreChanges), strconv.Itoa(len(d.Open)+d.MoreOpen))
	if d.More > 0 {
		p.Summary += " " + w.say("events", strconv.Itoa(d.More))
	}
	add := func(title string, list []item, more int) {
		if len(list) == 0 {
			return
		}
		s := section{Title: w.say(title)}
		for i := range list {
			s.Entries = append(s.Entries, w.entry(&list[i]))
		}
		if more > 0 {
			s.More = w.say("more", strconv.Itoa(more))
		}
		p.Sections = append(p.Sections, s)
	}
	add("changes", d.Changes, d.MoreChanges)
	add("open", d.Open, d.MoreOpen)
	return p
}

func (w words) entry(it *item) entry {
	a := &it.Alert
	e := entry{
		Title:   "[" + w.kind(it) + "] " + w.name(a.Station.Name, a.Station.ID) + ": " + w.figure(a),
		Summary: w.name(a.Summary, ""), URL: a.URL, Link: w.say("link"), Colour: colour(a),
	}
	add := func(label, text string) {
		if text != "" {
			e.Lines = append(e.Lines, fact{w.say(label), text})
		}
	}
	var happened []string
	for _, t := range it.Types {
		happened = append(happened, w.say(string(t)))
	}
	add("happened", strings.Join(happened, " → "))
	if !slices.Contains(it.Types, alerts.Undelivered) { // whose By is an id; the comment says who it is
		add("by", it.By)
	}
	add("comment", it.Comment)
	add("measured", w.times(a))
	add("reference", w.reference(a))
	if a.AcknowledgedAt != nil {
		add("acknowledged", a.AcknowledgedBy+", "+w.time(*a.AcknowledgedAt))
	}
	add("assignee", a.Assignee)
	add("cause", a.Cause)
	return e
}

func (w words) times(a *alerts.Alert) string {
	text := w.time(a.MeasuredAt) + ", " + w.say("opened") + " " + w.time(a.OpenedAt)
	if a.ResolvedAt != nil {
		text += ", " + w.say("ended") + " " + w.time(*a.ResolvedAt)
	}
	if a.Late {
		text += " (" + w.say("late") + ")"
	}
	return text
}

func (w words) reference(a *alerts.Alert) string {
	if a.LimitReference == "" {
		return ""
	}
	text := a.LimitReference
	if a.Ratio != nil {
		const decimals = 2
		text += ", " + w.number(*a.Ratio, decimals) + " " + w.say("times")
	}
	if !a.LimitVerified {
		text += " (" + w.say("unverified") + ")"
	}
	return text
}

// colour marks the severity beside its word.
func colour(a *alerts.Alert) template.CSS {
	if a.State != alerts.Open {
		return "#6b7280"
	}
	switch a.Severity {
	case alerts.Emergency:
		return "#7f1d1d"
	case alerts.Critical:
		return "#b91c1c"
	case alerts.Warning:
		return "#b45309"
	}
	return "#1d4ed8"
}

// plain writes pages as text.
func plain(pages []page) string {
	var b strings.Builder
	for i, p := range pages {
		if i > 0 {
			b.WriteString("\n" + strings.Repeat("-", 60) + "\n\n")
		}
		b.WriteString(p.Title + "\n\n" + p.Summary + "\n")
		for _, s := range p.Sections {
			b.WriteString("\n" + strings.ToUpper(s.Title) + "\n")
			for _, e := range s.Entries {
				b.WriteString("\n* " + e.Title + "\n")
				for _, text := range []string{e.Summary, e.URL} {
					if text != "" {
						b.WriteString("  " + text + "\n")
					}
				}
				for _, l := range e.Lines {
					b.WriteString("  " + l.Label + ": " + l.Text + "\n")
				}
			}
			if s.More != "" {
				b.WriteString("\n" + s.More + "\n")
			}
		}
		b.WriteString("\n-- \n" + p.Foot + "\n")
	}
	return b.String()
}

const pageHTML = `<!doctype html>
<html lang="{{(index . 0).Lang}}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"></head>
<body style="margin:0;padding:16px;font:15px/1.45 sans-serif;color:#111827;background:#ffffff">
{{range $i, $p := .}}{{if $i}}<hr style="margin:32px 0">{{end}}<div lang="{{.Lang}}" style="max-width:640px">
<h1 style="font-size:18px;margin:0 0 8px">{{.Title}}</h1>
<p style="margin:0 0 16px">{{.Summary}}</p>
{{range .Sections}}<h2 style="font-size:15px;margin:16px 0 8px">{{.Title}}</h2>
{{range .Entries}}<div style="margin:0 0 12px;padding:8px 12px;border-left:4px solid {{.Colour}};background:#f9fafb">
<p style="margin:0 0 4px;font-weight:bold">{{.Title}}</p>
{{if .Summary}}<p style="margin:0 0 4px">{{.Summary}}</p>
{{end}}{{range .Lines}}<p style="margin:0;color:#374151">{{.Label}}: {{.Text}}</p>
{{end}}{{if .URL}}<p style="margin:4px 0 0"><a href="{{.URL}}">{{.Link}}</a></p>
{{end}}</div>
{{end}}{{if .More}}<p>{{.More}}</p>
{{end}}{{end}}<p style="margin:24px 0 0;color:#6b7280;font-size:13px">{{.Foot}}</p>
</div>
{{end}}</body></html>
`

// render writes a digest as the letter of a recipient.
func (s *Sender) render(r *recipient, m *outgoing, key groupKey) (*letter, error) {
	langs := []string{r.Language}
	if r.Language == Both {
		langs = []string{Vietnamese, English}
	}
	var pages []page
	for _, lang := range langs {
		pages = append(pages, newWords(lang, s.opt.Parameter).page(&m.Digest, r.Name))
	}
	tmpl, err := template.New("mail").Parse(pageHTML)
	if err != nil {
		return nil, fmt.Errorf("read the form of e-mails: %w", err)
	}
	var html bytes.Buffer
	if err := tmpl.Execute(&html, pages); err != nil {
		return nil, fmt.Errorf("write the e-mail: %w", err)
	}
	_, domain, _ := strings.Cut(s.opt.Server.From, "@")
	return &letter{
		id: m.ID + "@" + domain, thread: threadID(r.id, key) + "@" + domain, to: r.Address, toName: r.Name, date: m.Made, subject: pages[0].Title,
		text: plain(pages), html: html.String(), lang: strings.Join(langs, ", "),
	}, nil
}
