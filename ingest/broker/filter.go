package broker

import "strings"

// maxLevels is how many levels a topic that is routed may have.
const maxLevels = 8

// validFilter checks a topic filter without a share.
func validFilter(filter string) bool {
	if filter == "" {
		return false
	}
	for rest, more := filter, true; more; {
		var level string
		level, rest, more = strings.Cut(rest, "/")
		switch {
		case level == "#":
			return !more
		case level != "+" && strings.ContainsAny(level, "+#"):
			return false
		}
	}
	return true
}

// splitShare takes "$share/group/filter" apart; group is "" for a filter that is not shared. ok is false for a share without
// a name or a filter.
func splitShare(filter string) (group, plain string, ok bool) {
	rest, shared := strings.CutPrefix(filter, "$share/")
	if !shared {
		return "", filter, true
	}
	group, plain, _ = strings.Cut(rest, "/")
	return group, plain, group != "" && plain != "" && !strings.ContainsAny(group, "+#")
}

// matches reports whether a topic matches a filter.
func matches(filter, topic string) bool {
	if strings.HasPrefix(topic, "$") && !strings.HasPrefix(filter, "$") {
		return false
	}
	for {
		want, restFilter, moreFilter := strings.Cut(filter, "/")
		if want == "#" {
			return true
		}
		level, restTopic, moreTopic := strings.Cut(topic, "/")
		if want != "+" && want != level {
			return false
		}
		if !moreTopic {
			return !moreFilter || restFilter == "#"
		}
		if !moreFilter {
			return false
		}
		filter, topic = restFilter, restTopic
	}
}

// filtersOf calls visit with every filter that matches a topic, so that subscribers are found by looking up filters however
// many there are.
func filtersOf(topic string, visit func(filter string)) {
	levels := strings.Split(topic, "/")
	if len(levels) > maxLevels {
		return
	}
	dollar := strings.HasPrefix(topic, "$")
	var walk func(prefix string, depth int)
	walk = func(prefix string, depth int) {
		if depth == len(levels) {
			visit(prefix)
		}
		// A wildcard in the first place does not match topics that begin with $.
		if depth == 0 && dollar {
			walk(levels[0], 1)
			return
		}
		if depth > 0 {
			prefix += "/"
		}
		visit(prefix + "#")
		if depth < len(levels) {
			walk(prefix+levels[depth], depth+1)
			walk(prefix+"+", depth+1)
		}
	}
	walk("", 0)
}
