package alerts

import (
	"math"
	"strconv"
	"strings"

	"quantrac/geo"
)

// words puts an alert into a sentence. What one instant value says is an operational warning; only an officer may speak of
// a violation, so that word has no place here.
type words struct {
	symbol, unit string
	decimals     int
	place, rule  geo.Text
	basis        string
}

func (e *Engine) words(sub subject) words {
	w := words{symbol: sub.param, decimals: 2, place: geo.Text{VI: sub.station, EN: sub.station}, rule: sub.ruleName, basis: sub.basis}
	if p, ok := e.cfg.Catalogue.Parameter(sub.param); ok {
		w.symbol, w.unit, w.decimals = p.Symbol, p.Unit, p.Decimals
	}
	if k, ok := kinds[sub.basis]; ok {
		w.unit = k.unit(w.unit)
	}
	if sub.st != nil {
		w.place = sub.st.Name
		if w.place.EN == "" {
			w.place.EN = w.place.VI
		}
	}
	return w
}

// standing is the sentence of an open alert.
func (w words) standing(o *openAlert) geo.Text {
	at := geo.Text{VI: ", tại " + w.place.VI, EN: ", at " + w.place.EN}
	switch w.basis {
	case OnSilence:
		return w.silent()
	case OnFlatline:
		return join(warning, geo.Text{VI: w.symbol + " đứng yên ở " + w.with(number(o.value, w.decimals, vietnamese)), EN: w.symbol + " stands still at " + w.with(number(o.value, w.decimals, english))}, at)
	case OnStatus:
		return join(warning, geo.Text{
			VI: "thiết bị đo " + w.symbol + " hiệu chuẩn hoặc báo lỗi quá lâu, quá thường xuyên hoặc bắt đầu trong lúc vượt giới hạn",
			EN: "the " + w.symbol + " device is calibrated or faulty for too long, too often, or since an excess",
		}, at)
	case OnUnusable:
		return join(warning, geo.Text{
			VI: "đã lâu không có giá trị " + w.symbol + " dùng được (ngoài dải đo, mã lỗi, đơn vị lạ, hiệu chuẩn hoặc hỏng)",
			EN: "no usable value of " + w.symbol + " for long (out of range, error code, unknown unit, calibration or fault)",
		}, at)
	case OnExpression:
		return join(warning, geo.Text{VI: "điều kiện “" + w.rule.VI + "” đúng", EN: "the condition “" + w.rule.EN + "” holds"}, at)
	case OnAnomaly:
		return join(warning, geo.Text{
			VI: w.quantity(o.value, vietnamese) + ", khác mức thường có vào giờ này trong ngày",
			EN: w.quantity(o.value, english) + ", which is not what this time of day usually has",
		}, at)
	}
	vi, en := w.relation(o)
	heading := warning
	if w.basis == OnMean24h {
		heading = judgement
	}
	of := figures[w.basis]
	return join(heading, geo.Text{VI: of.VI + w.quantity(o.value, vietnamese) + ", " + vi, EN: of.EN + w.quantity(o.value, english) + ", " + en}, at)
}

var (
	// warning heads what is no more than a sign; judgement the figure by which the law judges wastewater. What follows from it is
	// said by an officer.
	warning   = geo.Text{VI: "Cảnh báo vận hành: ", EN: "Operational warning: "}
	judgement = geo.Text{VI: "Giá trị đánh giá, cán bộ kết luận: ", EN: "Judgement value, for an officer to decide: "}
)

// figures says of which figure of a parameter an alert speaks.
var figures = map[string]geo.Text{
	OnMean1h:   {VI: "trung bình 1 giờ của ", EN: "1-hour mean of "},
	OnMean24h:  {VI: "trung bình 24 giờ của ", EN: "24-hour mean of "},
	OnRate:     {VI: "thay đổi mỗi giờ của ", EN: "hourly change of "},
	OnLoad:     {VI: "tải lượng của ", EN: "load of "},
	OnForecast: {VI: "dự báo ", EN: "forecast of "},
}

func join(parts ...geo.Text) geo.Text {
	var out geo.Text
	for _, p := range parts {
		out.VI, out.EN = out.VI+p.VI, out.EN+p.EN
	}
	return out
}

// ended is the sentence of a resolved alert.
func (w words) ended(a *Alert) geo.Text {
	if a.Cause == CauseRuleRemoved {
		what := w.symbol
		if what == "" {
			what = w.rule.VI
		}
		return geo.Text{
			VI: "Kết thúc cảnh báo vận hành: quy tắc không còn áp dụng cho " + what + " tại " + w.place.VI,
			EN: "Operational warning ended: the rule no longer applies to " + what + " at " + w.place.EN,
		}
	}
	end := geo.Text{VI: "Kết thúc cảnh báo vận hành: ", EN: "Operational warning ended: "}
	at := geo.Text{VI: ", tại " + w.place.VI, EN: ", at " + w.place.EN}
	switch w.basis {
	case OnSilence:
		vi, en := w.what()
		return geo.Text{
			VI: "Đã nhận lại dữ liệu" + vi + " từ " + w.place.VI,
			EN: "Data" + en + " are coming in again from " + w.place.EN,
		}
	case OnStatus:
		return join(end, geo.Text{VI: "thiết bị đo " + w.symbol + " đo trở lại", EN: "the " + w.symbol + " device measures again"}, at)
	case OnUnusable:
		return join(end, geo.Text{VI: w.symbol + " lại có giá trị dùng được", EN: w.symbol + " has usable values again"}, at)
	case OnExpression:
		return join(end, geo.Text{VI: "điều kiện “" + w.rule.VI + "” không còn đúng", EN: "the condition “" + w.rule.EN + "” holds no longer"}, at)
	}
	if a.Value == nil {
		return join(end, geo.Text{VI: w.symbol, EN: w.symbol}, at)
	}
	back := geo.Text{VI: ", đã trở lại dưới mức cảnh báo", EN: ", back below the warning level"}
	switch w.basis {
	case OnFlatline:
		back = geo.Text{VI: ", đã thay đổi trở lại", EN: ", it moves again"}
	case OnAnomaly:
		back = geo.Text{VI: ", đã trở lại mức thường có", EN: ", back to what is usual"}
	}
	of := figures[w.basis]
	return join(end, geo.Text{VI: of.VI + w.quantity(*a.Value, vietnamese), EN: of.EN + w.quantity(*a.Value, english)}, back, at)
}

// silent is the sentence of a station, or of one of its parameters, from which nothing comes.
func (w words) silent() geo.Text {
	vi, en := w.what()
	return geo.Text{VI: "Mất kết nối: không nhận được dữ liệu" + vi + " từ " + w.place.VI, EN: "Offline: no data" + en + " from " + w.place.EN}
}

// what names the parameter, where there is one.
func (w words) what() (vi, en string) {
	if w.symbol == "" {
		return "", ""
	}
	return " " + w.symbol, " on " + w.symbol
}

// withdrawn is the sentence of an alert that late data took back.
func (w words) withdrawn(merged bool) geo.Text {
	if merged {
		return geo.Text{
			VI: "Rút lại cảnh báo vận hành: theo dữ liệu truyền bù, " + w.symbol + " tại " + w.place.VI + " thuộc cùng một cảnh báo trước đó",
			EN: "Operational warning withdrawn: by late data, " + w.symbol + " at " + w.place.EN + " is part of an earlier warning",
		}
	}
	return geo.Text{
		VI: "Rút lại cảnh báo vận hành: dữ liệu truyền bù cho thấy " + w.symbol + " tại " + w.place.VI + " không ở mức cảnh báo",
		EN: "Operational warning withdrawn: late data show that " + w.symbol + " at " + w.place.EN + " was not at a warning level",
	}
}

// relation says how the value stands to its bounds.
func (w words) relation(o *openAlert) (vi, en string) {
	l := o.limit
	viName, enName := "giới hạn", "limit"
	if l.Reference == "" {
		viName, enName = "ngưỡng cảnh báo", "alert threshold"
	}
	hasMin, hasMax := !math.IsNaN(l.Min), !math.IsNaN(l.Max)
	switch {
	case hasMin && hasMax && o.ratio > 1:
		return "ngoài khoảng cho phép " + w.band(l, vietnamese), "outside the band " + w.band(l, english)
	case hasMin && hasMax:
		nearer := l.Nearer(o.value)
		return "sát " + viName + " " + exact(nearer, vietnamese) + " của khoảng cho phép " + w.band(l, vietnamese),
			"close to the " + enName + " " + exact(nearer, english) + " of the band " + w.band(l, english)
	case hasMin && o.ratio > 1:
		return "dưới " + viName + " tối thiểu " + w.bound(l.Min, vietnamese), "under the lower " + enName + " of " + w.bound(l.Min, english)
	case hasMin:
		return "sát " + viName + " tối thiểu " + w.bound(l.Min, vietnamese), "close to the lower " + enName + " of " + w.bound(l.Min, english)
	case o.ratio >= 1:
		return "bằng " + number(o.ratio, 2, vietnamese) + " lần " + viName + " " + w.bound(l.Max, vietnamese),
			number(o.ratio, 2, english) + " times the " + enName + " of " + w.bound(l.Max, english)
	default:
		return "bằng " + percent(o.ratio) + " % " + viName + " " + w.bound(l.Max, vietnamese),
			percent(o.ratio) + " % of the " + enName + " of " + w.bound(l.Max, english)
	}
}

func (w words) quantity(v float64, mark decimalMark) string {
	return w.symbol + " " + w.with(number(v, w.decimals, mark))
}

func (w words) bound(v float64, mark decimalMark) string { return w.with(exact(v, mark)) }

func (w words) band(l Limit, mark decimalMark) string {
	return w.with(exact(l.Min, mark) + "–" + exact(l.Max, mark))
}

func (w words) with(figure string) string {
	if w.unit == "" {
		return figure
	}
	return figure + " " + w.unit
}

type decimalMark string

const (
	english    decimalMark = "."
	vietnamese decimalMark = ","
)

// number writes v with at most so many decimals.
func number(v float64, decimals int, mark decimalMark) string {
	s := strconv.FormatFloat(v, 'f', decimals, 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return strings.Replace(s, ".", string(mark), 1)
}

// exact writes a bound as it is: rounding would show another law.
func exact(v float64, mark decimalMark) string {
	return strings.Replace(strconv.FormatFloat(v, 'f', -1, 64), ".", string(mark), 1)
}

// percent rounds down, so that a value under its limit is never shown as 100 %.
func percent(ratio float64) string {
	const noise = 1e-9
	return strconv.FormatFloat(math.Floor(ratio*100+noise), 'f', 0, 64)
}
