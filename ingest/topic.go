package ingest

import (
	"fmt"
	"slices"
	"strings"
)

// topicTree finds the pattern for a topic or file name; Mapping.Name says what a pattern is. Of several that match, the one that
// is more exact at the first level where they differ holds: a literal, then the longest prefix, then any level, then #.
type topicTree struct {
	literal map[string]*topicTree
	// prefix holds the levels with *, by what is before it; lengths are those of its keys, longest first.
	prefix  map[string]*topicTree
	lengths []int
	// single is for +, {station} and {parameter}.
	single *topicTree
	// rest is the pattern that ends here with #, end the one that ends here.
	rest, end *pattern
}

// pattern is a mapping of a topic with the places of its captures; -1 = it has none.
type pattern struct {
	*Mapping
	station, parameter int
}

// route is what a topic says by configuration.
type route struct {
	*Mapping
	// station and parameter are names that the topic holds; "" = none.
	station, parameter string
}

// add puts a pattern into the tree.
func (t *topicTree) add(e *Mapping) (path, msg string) {
	levels := strings.Split(e.Name, "/")
	if len(levels) > maxPattern {
		return "name", fmt.Sprintf("%d levels; at most %d", len(levels), maxPattern)
	}
	p := &pattern{e, slices.Index(levels, "{station}"), slices.Index(levels, "{parameter}")}
	switch {
	case e.Target != "" && p.station >= 0:
		return "target", "{station} already says which station it is"
	case e.Parameter != "" && p.parameter >= 0:
		return "parameter", "{parameter} already says which parameter it is"
	case e.Target == "" && p.station < 0 && e.Dialect == "" && e.Parameter == "" && p.parameter < 0:
		return "target", "a target, {station}, {parameter}, a parameter or a dialect is needed"
	}
	node := t
	for i, level := range levels {
		if level == "#" && i == len(levels)-1 {
			return claim(&node.rest, p)
		}
		if msg := badLevel(level); msg != "" {
			return "name", msg
		}
		if j := slices.Index(levels, level); j != i && strings.HasPrefix(level, "{") {
			return "name", fmt.Sprintf("%s stands there twice", level)
		}
		node = node.child(level)
	}
	return claim(&node.end, p)
}

func claim(place **pattern, p *pattern) (path, msg string) {
	if *place != nil {
		return "name", fmt.Sprintf("matches the same topics as %q", (*place).Name)
	}
	*place = p
	return "", ""
}

func badLevel(level string) string {
	switch {
	case level == "+" || level == "{station}" || level == "{parameter}":
		return ""
	case level == "#":
		return "# may only be the last level"
	case strings.ContainsAny(level, "+#{}"):
		return fmt.Sprintf("level %q: +, {station} and {parameter} stand for a whole level, # for the end", clip(level))
	case strings.Contains(strings.TrimSuffix(level, "*"), "*"):
		return fmt.Sprintf("level %q: * may only be its last character", clip(level))
	}
	return ""
}

// child is the node for one more level of a pattern.
func (t *topicTree) child(level string) *topicTree {
	begin, isPrefix := strings.CutSuffix(level, "*")
	place := &t.literal
	switch {
	case level == "+" || strings.HasPrefix(level, "{"):
		if t.single == nil {
			t.single = &topicTree{}
		}
		return t.single
	case isPrefix:
		place = &t.prefix
		if !slices.Contains(t.lengths, len(begin)) {
			t.lengths = append(t.lengths, len(begin))
			slices.SortFunc(t.lengths, func(a, b int) int { return b - a })
		}
	}
	if *place == nil {
		*place = map[string]*topicTree{}
	}
	node := (*place)[begin]
	if node == nil {
		node = &topicTree{}
		(*place)[begin] = node
	}
	return node
}

// match finds the pattern of a topic and what its captures hold.
func (t *topicTree) match(topic string) (route, bool) {
	if t.rest == nil && t.single == nil && t.literal == nil && t.prefix == nil {
		return route{}, false
	}
	p := t.find(topic, strings.HasPrefix(topic, "$"))
	if p == nil {
		return route{}, false
	}
	return route{p.Mapping, levelAt(topic, p.station), levelAt(topic, p.parameter)}, true
}

// find walks the tree. It visits a node at most once, since a node has one place in a pattern. literally is set where
// wildcards do not match.
func (t *topicTree) find(rest string, literally bool) *pattern {
	level, behind, more := strings.Cut(rest, "/")
	next := func(node *topicTree) *pattern {
		switch {
		case node == nil:
			return nil
		case more:
			return node.find(behind, false)
		case node.end != nil:
			return node.end
		}
		return node.rest
	}
	if p := next(t.literal[level]); p != nil {
		return p
	}
	if literally {
		return nil
	}
	for _, n := range t.lengths {
		if n > len(level) {
			continue
		}
		if p := next(t.prefix[level[:n]]); p != nil {
			return p
		}
	}
	if p := next(t.single); p != nil {
		return p
	}
	return t.rest
}

// levelAt is a level of a topic; "" for a negative place.
func levelAt(topic string, at int) string {
	if at < 0 {
		return ""
	}
	for ; at > 0; at-- {
		_, topic, _ = strings.Cut(topic, "/")
	}
	level, _, _ := strings.Cut(topic, "/")
	return level
}
