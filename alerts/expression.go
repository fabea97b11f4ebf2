package alerts

import (
	"fmt"
	"math"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm"

	"quantrac/ingest"
)

// expression is a condition over the values of a station, in the language of expr-lang. Every parameter of the catalogue is a
// number under its code: its newest usable value that is not older than three cycles. A condition that uses a value which is not
// there is not judged. Beside them it has limit(p), the upper limit in force or else the lower; ratio(p), the value against its
// limit; mean(p, "1h"), the mean of a window with three quarters of its values; and status(p): "measuring", "calibrating",
// "fault", "other" or "".
type expression struct {
	program *vm.Program
	// uses are the parameters whose values it reads.
	uses     []string
	lookback time.Duration
}

// maxWhen bounds the text of a condition, maxNodes what it may be made of; maxMean the windows that it may ask for.
const (
	maxWhen  = 1000
	maxNodes = 200
	maxMean  = 24 * time.Hour
)

// compileExpression checks a condition: its names, its types, and that it gives true or false.
func compileExpression(when string, cat *ingest.Catalogue) (*expression, error) {
	if len(when) > maxWhen {
		return nil, fmt.Errorf("longer than %d characters", maxWhen)
	}
	x := &expression{}
	env := x.env(nil)
	for _, p := range cat.Parameters() {
		env[p.Code] = 0.0
	}
	spy := &spy{catalogue: cat, x: x}
	program, err := expr.Compile(when, expr.Env(env), expr.AsBool(), expr.MaxNodes(maxNodes), expr.Patch(spy))
	if err != nil {
		return nil, err
	}
	if spy.err != nil {
		return nil, spy.err
	}
	x.program = program
	return x, nil
}

// judge is 1 where the condition holds and 0 where it does not.
func (x *expression) judge(v *view) (float64, bool) {
	env := x.env(v)
	for _, p := range x.uses {
		value, ok := v.latest(v.tape.find(p))
		if !ok {
			return 0, false
		}
		env[p] = value
	}
	out, err := expr.Run(x.program, env)
	holds, isBool := out.(bool)
	if err != nil || !isBool {
		return 0, false
	}
	if holds {
		return 1, true
	}
	return 0, true
}

// env are the functions; v is nil while a condition is checked.
func (x *expression) env(v *view) map[string]any {
	of := func(p string, figure func(col int) (float64, bool)) (float64, error) {
		if value, ok := figure(v.tape.find(p)); ok {
			return value, nil
		}
		return math.NaN(), fmt.Errorf("%s is not known", p)
	}
	return map[string]any{
		"limit": func(p string) (float64, error) {
			return of(p, func(int) (float64, bool) {
				l := limitAt(v.limitsOf(p), v.at())
				if l == nil {
					return 0, false
				}
				if math.IsNaN(l.Max) {
					return l.Min, true
				}
				return l.Max, true
			})
		},
		"ratio": func(p string) (float64, error) {
			return of(p, func(col int) (float64, bool) {
				value, ok := v.latest(col)
				l := limitAt(v.limitsOf(p), v.at())
				if !ok || l == nil {
					return 0, false
				}
				return l.Ratio(value), true
			})
		},
		"mean": func(p, window string) (float64, error) {
			return of(p, func(col int) (float64, bool) {
				d, err := time.ParseDuration(window)
				if err != nil || col < 0 {
					return 0, false
				}
				return v.mean(col, int64(d), DefaultMinShare)
			})
		},
		"status": func(p string) string {
			col := v.tape.find(p)
			if col < 0 || v.tape.cols[col].cells[v.row]&cellPresent == 0 {
				return ""
			}
			return v.tape.cols[col].cells[v.row].status().String()
		},
	}
}
