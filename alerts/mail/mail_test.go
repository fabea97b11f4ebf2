package mail

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"quantrac/alerts"
)

func TestAlertsOfAParkAndRuleShareAnEmail(t *testing.T) {
	s := newMailServer(t, true)
	r := newRig(t, s, nil)
	other := opened("c")
	other.Alert.Rule = "ph-band"
	r.happen(opened("a"), opened("b"), other)
	got := map[string]letterIn{}
	for range 2 {
		l := s.next(t)
		got[l.subject] = l
	}
	l, ok := got["[Vượt quy chuẩn] KCN Amata: COD 91,2 mg/L (giới hạn 67,5) và 1 cảnh báo khác"]
	if !ok {
		t.Fatalf("subjects %v", got)
	}
	if _, ok := got["[Vượt quy chuẩn] KCN Amata: COD 91,2 mg/L (giới hạn 67,5)"]; !ok {
		t.Errorf("subjects %v", got)
	}
	if !l.encrypted || l.from != "quantrac@example.vn" || l.to != "duty@example.vn" {
		t.Errorf("from %s to %s, encrypted %t", l.from, l.to, l.encrypted)
	}
	for name, want := range map[string]string{
		"Message-ID": "<mail_", "References": "<quantrac-", "Auto-Submitted": "auto-generated", "Date": "202", "Content-Language": "vi",
		"From": `"quantrac" <quantrac@example.vn>`, "To": `"duty" <duty@example.vn>`,
	} {
		if v := l.header.Get(name); !strings.Contains(v, want) {
			t.Errorf("%s: %q", name, v)
		}
	}
	for _, want := range []string{
		"Trạm xả Amata: COD 91,2 mg/L (giới hạn 67,5)", "Cảnh báo vận hành: COD 91,2 mg/L", "Đo lúc: 13:05 24/11/2026",
		"QCVN 40:2011/BTNMT, A, Kq 0.9, Kf 1.0, 1,35 lần", "https://quantrac.example.vn/?alert=a", "chưa phải kết luận vi phạm",
	} {
		if !strings.Contains(l.text, want) {
			t.Errorf("the text lacks %q:\n%s", want, l.text)
		}
	}
	if !strings.Contains(l.html, `<a href="https://quantrac.example.vn/?alert=b">`) {
		t.Errorf("html %s", l.html)
	}
	list, err := r.sender.OfAlert(t.Context(), "b")
	r.until("it is recorded", func() bool {
		list, err = r.sender.OfAlert(t.Context(), "b")
		return err != nil || len(list) == 1
	})
	if err != nil || list[0].State != Delivered || list[0].Type != typeChanges || !slices.Contains(list[0].Alerts, "a") {
		t.Errorf("timeline %+v, %v", list, err)
	}
	// The end goes into the next e-mail of the group, which belongs to the same thread.
	r.happen(resolved("a"), resolved("b"))
	end := s.next(t)
	if !strings.HasPrefix(end.subject, "[Kết thúc] KCN Amata") || end.header.Get("References") != l.header.Get("References") ||
		end.header.Get("Message-ID") == l.header.Get("Message-ID") {
		t.Errorf("the end: %s, %v", end.subject, end.header)
	}
	r.until("the group is forgotten", func() bool {
		groups := -1
		done := make(chan struct{})
		r.sender.commands <- func() {
			groups = len(r.sender.groups)
			close(done)
		}
		<-done
		return groups == 1 // that of c
	})
}

func TestARefusalForNowIsTriedAgainUnderOneID(t *testing.T) {
	s := newMailServer(t, true)
	var calls atomic.Int64
	s.answer(func(command, _ string) error {
		if command == "data" && calls.Add(1) < 3 {
			return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "later"}
		}
		return nil
	})
	r := newRig(t, s, nil)
	r.happen(opened("a"))
	l := s.next(t)
	r.until("three tries are recorded", func() bool { return len(r.find(0, "")) == 3 })
	list := r.find(0, "")
	for i, a := range list {
		if "<"+a.ID+"@example.vn>" != l.header.Get("Message-ID") || a.Attempt != 3-i {
			t.Errorf("try %+v, Message-ID %s", a, l.header.Get("Message-ID"))
		}
	}
	if list[1].Status != 451 || list[1].State != Retrying || list[0].State != Delivered {
		t.Errorf("tries %+v", list)
	}
}

func TestARefusalForGoodIsDeadIsToldAndCanBeSentAgain(t *testing.T) {
	s := newMailServer(t, true)
	s.answer(func(command, to string) error {
		if command == "rcpt" && to == "gone@example.vn" {
			return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
		}
		return nil
	})
	r := newRig(t, s, func(o *Options) { o.Configured = []Spec{quick("gone"), quick("duty")} })
	r.happen(opened("a"))
	if l := s.next(t); l.to != "duty@example.vn" {
		t.Fatalf("to %s", l.to)
	}
	d := <-r.deaths
	if d.Alert != "a" || d.Recipient != "mail:"+r.id(0) || !strings.Contains(d.Comment, "gone") {
		t.Fatalf("death %+v", d)
	}
	letters := r.find(0, "dead")
	if len(letters) != 1 || letters[0].Status != 550 || letters[0].Attempt != 1 || letters[0].Digest != nil {
		t.Fatalf("dead letters %+v", letters)
	}
	// The others are told of it, and he is not.
	ev := opened("a")
	ev.Type, ev.By, ev.Comment, ev.At, ev.Made = alerts.Undelivered, d.Recipient, d.Comment, d.At, d.At
	r.happen(ev)
	if l := s.next(t); l.to != "duty@example.vn" || !strings.HasPrefix(l.subject, "[Chưa báo được] KCN Amata") || !strings.Contains(l.text, "e-mail gone") {
		t.Errorf("to %s: %s\n%s", l.to, l.subject, l.text)
	}
	s.answer(func(string, string) error { return nil })
	if _, err := r.sender.Redeliver(t.Context(), letters[0].ID); err != nil {
		t.Fatal(err)
	}
	l := s.next(t)
	if l.to != "gone@example.vn" || l.header.Get("Message-ID") != "<"+letters[0].ID+"@example.vn>" || !strings.Contains(l.text, "Trạm xả Amata") {
		t.Errorf("again: %v\n%s", l.header, l.text)
	}
	r.until("no dead letter is left", func() bool { return len(r.find(0, "dead")) == 0 && len(r.find(0, "delivered")) == 1 })
	for _, id := range []string{letters[0].ID, "nobody"} {
		if _, err := r.sender.Redeliver(t.Context(), id); !errors.Is(err, ErrNotFound) {
			t.Errorf("redeliver %s: %v", id, err)
		}
	}
}

func TestAfterTheLastTryItIsDead(t *testing.T) {
	s := newMailServer(t, true)
	s.answer(func(command, _ string) error {
		if command == "rcpt" {
			return &smtp.SMTPError{Code: 450, EnhancedCode: smtp.EnhancedCode{4, 2, 1}, Message: "mailbox busy"}
		}
		return nil
	})
	r := newRig(t, s, nil)
	r.happen(opened("a"), opened("b"))
	heard := []string{(<-r.deaths).Alert, (<-r.deaths).Alert}
	slices.Sort(heard)
	if !slices.Equal(heard, []string{"a", "b"}) || len(r.find(0, "")) != 4 {
		t.Errorf("deaths %v after %d tries", heard, len(r.find(0, "")))
	}
}

func TestWithoutEncryptionNothingIsSent(t *testing.T) {
	s := newMailServer(t, false)
	r := newRig(t, s, nil)
	a, err := r.sender.Test(t.Context(), r.id(0))
	if err != nil || a.State != Dead || !strings.Contains(a.Error, "STARTTLS") {
		t.Errorf("%+v, %v", a, err)
	}
	if len(s.got) > 0 {
		t.Error("it was sent")
	}
	plain := s.server
	plain.TLS, plain.Username, plain.Password = TLSNone, "", ""
	r.stop()
	r.open(s, func(o *Options) { o.Server = plain })
	if a, err = r.sender.Test(t.Context(), r.id(0)); err != nil || a.State != Delivered {
		t.Errorf("told to go without: %+v, %v", a, err)
	}
	if l := s.next(t); l.subject != "[Thử] quantrac" || l.encrypted {
		t.Errorf("got %s", l.subject)
	}
}

func TestAnUnknownCertificateIsRefused(t *testing.T) {
	s := newMailServer(t, true)
	s.server.RootCAs = nil
	r := newRig(t, s, nil)
	a, err := r.sender.Test(t.Context(), r.id(0))
	if err != nil || a.State != Dead || !strings.Contains(a.Error, "certificate") {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestPasswordsStayOutOfWhatIsSaid(t *testing.T) {
	s := newMailServer(t, true)
	s.server.Password = "wrong-" + password
	r := newRig(t, s, func(o *Options) { o.Retries = []time.Duration{time.Millisecond} })
	r.happen(opened("a"))
	r.until("a try is recorded", func() bool { return len(r.find(0, "")) > 0 })
	a := r.find(0, "")[0]
	if a.State != Retrying || a.Status != 535 {
		t.Errorf("a wrong password is no fault of the e-mail: %+v", a)
	}
	if ok, why := r.sender.State(); ok || !strings.Contains(why, "535") {
		t.Errorf("the server is fine: %q", why)
	}
	said := r.said() + fmt.Sprintf("%+v %v %#v %s", a, s.server, s.server, s.server.Password)
	if strings.Contains(said, password) {
		t.Errorf("the password is in %s", said)
	}
}

// What waits in a group, and what is on its way, survives a restart.
func TestWhatWaitsSurvivesARestart(t *testing.T) {
	s := newMailServer(t, true)
	slow := func(o *Options) {
		o.Configured[0].GroupWait = ptr(2 * time.Second)
		o.Configured[0].GroupInterval = ptr(time.Duration(0))
	}
	r := newRig(t, s, slow)
	r.happen(opened("a"))
	waiting := func() bool {
		pending := false
		done := make(chan struct{})
		r.sender.commands <- func() {
			for _, g := range r.sender.groups {
				pending = pending || len(g.Pending) > 0
			}
			close(done)
		}
		<-done
		return pending
	}
	r.until("it waits", waiting)
	r.stop()
	r.open(s, slow)
	r.happen(opened("b"))
	l := s.next(t)
	if !strings.Contains(l.text, "?alert=a") || !strings.Contains(l.text, "?alert=b") {
		t.Errorf("the e-mail after the restart lacks what waited:\n%s", l.text)
	}
	r.until("it is recorded", func() bool { return len(r.find(0, "delivered")) == 1 })
	r.stop()
	r.open(s, slow)
	r.happen(resolved("b"))
	if l := s.next(t); !strings.HasPrefix(l.subject, "[Kết thúc]") || strings.Contains(l.text, "VẪN ĐANG MỞ\n\n* [Kết thúc]") || !strings.Contains(l.text, "?alert=a") {
		t.Errorf("after the second restart: %s\n%s", l.subject, l.text)
	}
	if len(s.got) > 0 {
		t.Error("something was sent twice")
	}
}

// A crash between the server's word and our record: the same e-mail comes again, under the same id.
func TestACrashSendsTheSameEmailAgain(t *testing.T) {
	s := newMailServer(t, true)
	arrived, goOn := make(chan struct{}), make(chan struct{})
	var first atomic.Bool
	s.answer(func(command, _ string) error {
		if command == "after" && first.CompareAndSwap(false, true) {
			close(arrived)
			<-goOn
		}
		return nil
	})
	r := newRig(t, s, func(o *Options) { o.Grace = time.Millisecond })
	r.happen(opened("a"))
	<-arrived
	_ = r.log.Close() // nothing can be written from here on
	close(goOn)
	r.stop()
	r.open(s, nil)
	one, two := s.next(t), s.next(t)
	if one.header.Get("Message-ID") != two.header.Get("Message-ID") || one.header.Get("Date") != two.header.Get("Date") || one.text != two.text {
		t.Errorf("another e-mail came:\n%v\n%v", one.header, two.header)
	}
	r.until("it is recorded", func() bool { return len(r.find(0, "delivered")) == 1 })
	if len(s.got) > 0 {
		t.Error("it came a third time")
	}
}

func TestANewRecipientBeginsWithThePresent(t *testing.T) {
	s := newMailServer(t, true)
	r := newRig(t, s, nil)
	r.happen(opened("a"))
	s.next(t)
	r.until("it is recorded", func() bool { return len(r.find(0, "delivered")) == 1 })
	r.stop()
	r.open(s, func(o *Options) { o.Configured = []Spec{quick("duty"), quick("boss")} })
	r.happen(opened("b"))
	for range 2 {
		if l := s.next(t); l.to == "boss@example.vn" && strings.Contains(l.text, "?alert=a") {
			t.Errorf("the new one is told of the past:\n%s", l.text)
		}
	}
}

func TestBothLanguagesHaveVietnameseFirst(t *testing.T) {
	s := newMailServer(t, true)
	r := newRig(t, s, func(o *Options) { o.Configured[0].Language = Both })
	p, err := r.sender.Preview(t.Context(), r.id(0))
	if err != nil || len(s.got) > 0 {
		t.Fatal(err, len(s.got))
	}
	vi, en := strings.Index(p.Text, "Vượt quy chuẩn"), strings.Index(p.Text, "Above the limit")
	if vi < 0 || en < vi || !strings.Contains(p.Text, "COD 91.2 mg/L (limit 67.5)") || !strings.HasPrefix(p.Subject, "[Vượt quy chuẩn]") {
		t.Errorf("%s\n%s", p.Subject, p.Text)
	}
	if _, err := r.sender.Preview(t.Context(), "nobody"); !errors.Is(err, ErrNotFound) {
		t.Errorf("%v", err)
	}
}

func TestTextsOfPeopleStayTexts(t *testing.T) {
	s := newMailServer(t, true)
	r := newRig(t, s, func(o *Options) { o.Configured[0].Events = []string{"alert.closed"} })
	ev := resolved("a")
	ev.Type, ev.By = alerts.Closed, "lan"
	ev.Alert.Cause = `<script>alert("x")</script>`
	ev.Alert.Park.Name.VI = "KCN\r\nBcc: thief@example.com"
	r.happen(ev)
	l := s.next(t)
	if strings.Contains(l.html, "<script>") || !strings.Contains(l.html, "&lt;script&gt;") || l.header.Get("Bcc") != "" || !strings.Contains(l.subject, "Bcc: thief") {
		t.Errorf("%s\n%v\n%s", l.subject, l.header, l.html)
	}
}

func TestBadConfigurationSaysWhere(t *testing.T) {
	_, err := Open(context.Background(), Options{
		Server: Server{Address: "mail.example.vn", TLS: "maybe", Auth: "magic", Username: "u", From: "Quan trắc <q@example.vn>"},
		Configured: []Spec{
			quick("a"),
			{Name: "a", Address: "x@example.vn, y@example.vn", Language: "fr", Events: []string{"alert.exploded"}, GroupBy: []string{"weather"}, GroupWait: ptr(-time.Second)},
		},
	})
	var invalid *Invalid
	if !errors.As(err, &invalid) {
		t.Fatal(err)
	}
	var paths []string
	for _, p := range invalid.Problems {
		paths = append(paths, p.Path)
	}
	want := "smtp.address smtp.tls smtp.auth smtp.username smtp.from recipients[1].address recipients[1].language recipients[1].events[0] " +
		"recipients[1].group_by[0] recipients[1].group_wait recipients[1].name"
	if got := strings.Join(paths, " "); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	open := Server{Address: "mail.example.vn:25", TLS: TLSNone, Username: "u", Password: "p", From: "q@example.vn"}
	if problems := open.Check(); len(problems) != 1 || problems[0].Path != "smtp.tls" {
		t.Errorf("a password in the open: %v", problems)
	}
}
