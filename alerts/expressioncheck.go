package alerts

import (
	"fmt"
	"slices"
	"time"

	"github.com/expr-lang/expr/ast"

	"quantrac/ingest"
)

// spy walks a condition and notes which values it reads and how far it looks back. It finds the mistakes that types do not show.
type spy struct {
	catalogue *ingest.Catalogue
	x         *expression
	err       error
}

// Visit is called for every node of a condition.
func (s *spy) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.IdentifierNode:
		if _, ok := s.catalogue.Parameter(n.Value); ok && !slices.Contains(s.x.uses, n.Value) {
			s.x.uses = append(s.x.uses, n.Value)
		}
	case *ast.CallNode:
		s.call(n)
	}
}

func (s *spy) call(n *ast.CallNode) {
	callee, ok := n.Callee.(*ast.IdentifierNode)
	if !ok || len(n.Arguments) == 0 {
		return
	}
	code, ok := n.Arguments[0].(*ast.StringNode)
	if !ok {
		s.fail("%s takes the code of a parameter in quotes", callee.Value)
		return
	}
	if _, known := s.catalogue.Parameter(code.Value); !known {
		s.fail("%s(%q): the catalogue has no such parameter", callee.Value, code.Value)
	}
	if callee.Value != "mean" || len(n.Arguments) < 2 {
		return
	}
	window, ok := n.Arguments[1].(*ast.StringNode)
	if !ok {
		s.fail(`mean takes its window in quotes, such as "1h"`)
		return
	}
	d, err := time.ParseDuration(window.Value)
	if err != nil || d <= 0 || d > maxMean {
		s.fail("mean: %q is no window such as 1h, of at most %s", window.Value, Duration(maxMean))
		return
	}
	s.x.lookback = max(s.x.lookback, d)
}

func (s *spy) fail(format string, args ...any) {
	if s.err == nil {
		s.err = fmt.Errorf(format, args...)
	}
}
