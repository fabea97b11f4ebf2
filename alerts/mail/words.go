package mail

import (
	"strconv"
	"strings"
	"time"

	"quantrac/alerts"
	"quantrac/geo"
	"quantrac/ingest"
)

// words puts a digest into one language.
type words struct {
	lang      string
	parameter func(code string) (ingest.Parameter, bool)
	text      map[string]string
}

// vietnam is where the stations are; it has no summer time.
func vietnam() *time.Location { return time.FixedZone("+07", 7*60*60) }

func vietnameseTexts() map[string]string {
	return map[string]string{
		"above": "Vượt quy chuẩn", "near": "Chuẩn bị vượt", "emergency": "Khẩn cấp", "critical": "Nghiêm trọng", "warning": "Cảnh báo",
		"info": "Thông tin", "none": "Thông tin", "silence": "Mất dữ liệu", "resolved": "Kết thúc", "withdrawn": "Rút lại",
		"undelivered": "Chưa báo được", "escalated": "Chưa ai xử lý", "again": "Nhắc lại", "test": "Thử",
		"limit": "giới hạn", "others": "và %s cảnh báo khác", "changes": "Có thay đổi", "open": "Vẫn đang mở", "more": "… và %s cảnh báo khác.",
		"events": "Có thêm %s thay đổi không nêu ở đây.", "measured": "Đo lúc", "opened": "bắt đầu lúc", "ended": "kết thúc lúc",
		"reference": "Căn cứ", "cause": "Nguyên nhân", "by": "Người thực hiện", "comment": "Ghi chú", "assignee": "Người phụ trách",
		"acknowledged": "Đã tiếp nhận", "happened": "Diễn biến", "link": "Xem", "times": "lần", "late": "dữ liệu truyền bù",
		"unverified": "giới hạn chưa được xác nhận",
		"foot":       "Thư tự động của quantrac gửi %s. Một giá trị tức thời vượt giới hạn là cảnh báo vận hành, chưa phải kết luận vi phạm.",
		"teststory":  "Thư thử. Không có cảnh báo nào.",
		"summary":    "%s có thay đổi, %s vẫn đang mở.",

		string(alerts.Opened): "Mở", string(alerts.Updated): "Thay đổi", string(alerts.Acknowledged): "Tiếp nhận",
		string(alerts.WasResolved): "Kết thúc", string(alerts.Closed): "Đóng", string(alerts.WasWithdrawn): "Rút lại",
		string(alerts.Commented): "Ghi chú", string(alerts.Assigned): "Giao việc", string(alerts.Escalated): "Báo lên cấp trên",
		string(alerts.Undelivered): "Chưa báo được",
	}
}

func englishTexts() map[string]string {
	return map[string]string{
		"above": "Above the limit", "near": "Close to the limit", "emergency": "Emergency", "critical": "Critical", "warning": "Warning",
		"info": "Information", "none": "Information", "silence": "No data", "resolved": "Ended", "withdrawn": "Withdrawn",
		"undelivered": "Not delivered", "escalated": "Nobody has acted", "again": "Reminder", "test": "Test",
		"limit": "limit", "others": "and %s more alerts", "changes": "Changed", "open": "Still open", "more": "… and %s more alerts.",
		"events": "%s more changes are not told here.", "measured": "Measured", "opened": "began", "ended": "ended",
		"reference": "Reference", "cause": "Cause", "by": "By", "comment": "Comment", "assignee": "Assigned to",
		"acknowledged": "Acknowledged", "happened": "What happened", "link": "Open", "times": "times", "late": "late data",
		"unverified": "limit not verified",
		"foot":       "Sent by quantrac to %s. A single value above the limit is an operational warning, not a finding of a violation.",
		"teststory":  "Test message. There is no alert.",
		"summary":    "%s changed, %s still open.",

		string(alerts.Opened): "Opened", string(alerts.Updated): "Changed", string(alerts.Acknowledged): "Acknowledged",
		string(alerts.WasResolved): "Ended", string(alerts.Closed): "Closed", string(alerts.WasWithdrawn): "Withdrawn",
		string(alerts.Commented): "Comment", string(alerts.Assigned): "Assigned", string(alerts.Escalated): "Escalated",
		string(alerts.Undelivered): "Not delivered",
	}
}

func newWords(lang string, parameter func(code string) (ingest.Parameter, bool)) words {
	if lang == English {
		return words{lang, parameter, englishTexts()}
	}
	return words{Vietnamese, parameter, vietnameseTexts()}
}

func (w words) say(key string, args ...string) string {
	text := w.text[key]
	for _, arg := range args {
		text = strings.Replace(text, "%s", arg, 1)
	}
	return text
}

func (w words) name(t geo.Text, id string) string {
	first, second := t.VI, t.EN
	if w.lang == English {
		first, second = t.EN, t.VI
	}
	for _, s := range []string{first, second} {
		if s != "" {
			return s
		}
	}
	return id
}

// number writes a measured value with the decimals of its parameter; exact = as it is, because a rounded limit is another law.
func (w words) number(v float64, decimals int) string {
	s := strconv.FormatFloat(v, 'f', decimals, 64)
	if decimals > 0 {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	if w.lang != English {
		s = strings.Replace(s, ".", ",", 1)
	}
	return s
}

const exact = -1

func (w words) time(t time.Time) string {
	if w.lang == English {
		return t.In(vietnam()).Format("15:04 2 Jan 2006 (UTC+7)")
	}
	return t.In(vietnam()).Format("15:04 02/01/2006")
}

// symbol is how a parameter is written, and with how many decimals.
func (w words) symbol(code string) (string, int) {
	if p, ok := w.parameter(code); ok {
		return p.Symbol, p.Decimals
	}
	const decimals = 2
	return strings.ToUpper(code), decimals
}

// figure is "COD 91,2 mg/L (giới hạn 67,5)", or what the alert is about where there is no figure.
func (w words) figure(a *alerts.Alert) string {
	symbol, decimals := w.symbol(a.Parameter)
	if a.Parameter == "" || a.Value == nil {
		return strings.TrimSpace(w.name(a.RuleName, a.Rule) + " " + symbol)
	}
	text := symbol + " " + w.number(*a.Value, decimals)
	if a.Unit != "" {
		text += " " + a.Unit
	}
	if a.Limit != nil {
		text += " (" + w.say("limit") + " " + w.number(*a.Limit, exact) + ")"
	}
	return text
}

// kind is the tag of a subject: what the alert is, or what has become of it.
func (w words) kind(it *item) string {
	a := &it.Alert
	last := alerts.EventType("")
	if n := len(it.Types); n > 0 {
		last = it.Types[n-1]
	}
	switch {
	case last == alerts.Undelivered:
		return w.say("undelivered")
	case last == alerts.Escalated:
		return w.say("escalated")
	case a.State != alerts.Open:
		return w.say(a.State)
	case a.Basis == alerts.OnSilence:
		return w.say("silence")
	case a.Severity == alerts.Emergency || a.LimitReference == "" || a.Ratio == nil:
		return w.say(a.Severity.String())
	case *a.Ratio >= 1 && a.Basis != alerts.OnForecast:
		return w.say("above")
	}
	return w.say("near")
}

// where is the place that a subject names: the park, or the station where there is none.
func (w words) where(a *alerts.Alert) string {
	if a.Park != nil {
		return w.name(a.Park.Name, a.Park.ID)
	}
	return w.name(a.Station.Name, a.Station.ID)
}

func (w words) subject(d *digest) string {
	it := d.worst()
	text := "[" + w.kind(it) + "] " + w.where(&it.Alert) + ": " + w.figure(&it.Alert)
	others := len(d.Changes) + d.MoreChanges
	if len(d.Changes) == 0 {
		others = len(d.Open) + d.MoreOpen
	}
	if others > 1 {
		text += " " + w.say("others", strconv.Itoa(others-1))
	}
	switch {
	case d.Test:
		return "[" + w.say("test") + "] quantrac"
	case d.Again:
		return w.say("again") + ": " + text
	}
	return text
}
