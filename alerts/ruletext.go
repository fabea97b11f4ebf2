package alerts

import (
	"encoding"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"quantrac/geo"
)

// RuleText is one rule as somebody wrote it in YAML: it knows where each of its fields stands.
type RuleText struct {
	root *yaml.Node
	// line is where a text that is no YAML breaks.
	line int
}

// ReadRule reads one rule from YAML (or JSON, which is YAML too) that a stranger sent. Every key that a rule does not have and every
// value of the wrong kind is a problem with its path, not only the first; Place tells where a path stands. Aliases and merge keys are
// refused, so a small text stays a small rule. What the values mean is for CheckRules.
func ReadRule(text []byte) (Rule, *RuleText, []geo.Problem) {
	var rule Rule
	var doc yaml.Node
	t := &RuleText{}
	var problems reporter
	if err := yaml.Unmarshal(text, &doc); err != nil {
		_, _ = fmt.Sscanf(err.Error(), "yaml: line %d:", &t.line) // it does not always say
		problems.add("", "%s", plainYAMLError(err, reflect.TypeFor[Rule]()))
		return rule, t, problems
	}
	if len(doc.Content) == 0 {
		problems.add("", "there is no rule")
		return rule, t, problems
	}
	t.root = doc.Content[0]
	r := ruleReader{&problems}
	r.value(t.root, reflect.ValueOf(&rule).Elem(), "")
	return rule, t, problems
}

// Place is the line and column, from 1 on, of the deepest part of a path that the text has; 0, 0 where there is no text.
func (t *RuleText) Place(path string) (line, column int) {
	switch {
	case t == nil:
		return 0, 0
	case t.root == nil:
		return max(t.line, 1), 1
	}
	n := t.root
	for _, step := range strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		next := childOf(n, step)
		if next == nil {
			break
		}
		n = next
	}
	return n.Line, n.Column
}

// childOf finds a step below a node; of a key that is given twice the last.
func childOf(n *yaml.Node, step string) *yaml.Node {
	var found *yaml.Node
	for i, child := range n.Content {
		switch {
		case n.Kind == yaml.SequenceNode && strconv.Itoa(i) == step:
			found = child
		case n.Kind == yaml.MappingNode && i%2 == 0 && child.Value == step && i+1 < len(n.Content):
			found = n.Content[i+1]
		}
	}
	return found
}

// ruleReader fills a struct from a tree and reports each fault at its path.
type ruleReader struct {
	problems *reporter
}

func (r *ruleReader) value(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		r.problems.add(path, "anchors and aliases are not taken here")
		return
	}
	if n.Tag == "!!null" {
		return
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	_, whole := v.Addr().Interface().(yaml.Unmarshaler)
	if _, text := v.Addr().Interface().(encoding.TextUnmarshaler); text {
		whole = true
	}
	switch {
	case whole:
		r.decode(n, v, path)
	case v.Kind() == reflect.Struct:
		r.mapping(n, v, path)
	case v.Kind() == reflect.Slice:
		r.sequence(n, v, path)
	case v.Kind() == reflect.Map:
		r.entries(n, v, path)
	default:
		r.decode(n, v, path)
	}
}

func (r *ruleReader) decode(n *yaml.Node, v reflect.Value, path string) {
	if err := n.Decode(v.Addr().Interface()); err != nil {
		r.problems.add(path, "%s", plainYAMLError(err, v.Type()))
	}
}

// plainYAMLError takes the line, which the place tells, and the words of Go off an error.
func plainYAMLError(err error, t reflect.Type) string {
	text := strings.Join(strings.Fields(err.Error()), " ")
	text = strings.TrimPrefix(strings.TrimPrefix(text, "yaml: "), "unmarshal errors: ")
	if rest, ok := strings.CutPrefix(text, "line "); ok {
		if _, after, ok := strings.Cut(rest, ": "); ok {
			text = after
		}
	}
	if !strings.HasPrefix(text, "cannot unmarshal") {
		return text
	}
	switch t.Kind() {
	case reflect.Float64:
		return "must be a number"
	case reflect.Int:
		return "must be a whole number"
	case reflect.Bool:
		return "must be true or false"
	default:
		return "must be a text"
	}
}

func (r *ruleReader) mapping(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.MappingNode {
		r.problems.add(path, "must be a mapping of keys to values")
		return
	}
	fields := map[string]reflect.Value{}
	for i := range v.NumField() {
		tag, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
		fields[tag] = v.Field(i)
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i].Value
		field, known := fields[key]
		switch {
		case !known:
			r.problems.add(under(path, key), "unknown key; known here: %s", strings.Join(slices.Sorted(maps.Keys(fields)), ", "))
		case seen[key]:
			r.problems.add(under(path, key), "is given twice")
		default:
			r.value(n.Content[i+1], field, under(path, key))
		}
		seen[key] = true
	}
}

func (r *ruleReader) sequence(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.SequenceNode {
		r.problems.add(path, "must be a list")
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
	for i, item := range n.Content {
		r.value(item, v.Index(i), fmt.Sprintf("%s[%d]", path, i))
	}
}

func (r *ruleReader) entries(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.MappingNode {
		r.problems.add(path, "must be a mapping of keys to values")
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, entry := n.Content[i].Value, reflect.New(v.Type().Elem()).Elem()
		if v.MapIndex(reflect.ValueOf(key)).IsValid() {
			r.problems.add(under(path, key), "is given twice")
			continue
		}
		r.value(n.Content[i+1], entry, under(path, key))
		v.SetMapIndex(reflect.ValueOf(key), entry)
	}
}

func under(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
