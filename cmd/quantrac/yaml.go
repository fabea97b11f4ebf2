package main

import (
	"encoding"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"quantrac/geo"
)

// fault is one problem at its place in a file.
type fault struct {
	file         string
	line, column int
	message      string
}

func (f fault) String() string {
	return fmt.Sprintf("%s:%d:%d: %s", f.file, f.line, f.column, f.message)
}

// document is a YAML file that remembers where everything stands.
type document struct {
	file string
	root *yaml.Node
	// place, if not nil, leads from the path of a problem to that in the document.
	place func(path string) string
}

// readYAML reads a file into a struct. Every unknown key and every value of the wrong kind is reported, not only the first.
func readYAML(file string, data []byte, into any) (*document, []fault) {
	d := &document{file: file}
	var n yaml.Node
	if err := yaml.Unmarshal(data, &n); err != nil {
		return d, []fault{syntaxFault(file, err)}
	}
	if len(n.Content) == 0 {
		return d, nil
	}
	d.root = n.Content[0]
	faults := expandEnv(file, d.root)
	w := walker{file: file}
	w.walk(d.root, reflect.TypeOf(into).Elem(), "")
	if faults = append(faults, w.faults...); len(faults) > 0 {
		return d, faults
	}
	if err := d.root.Decode(into); err != nil {
		return d, []fault{syntaxFault(file, err)}
	}
	return d, nil
}

var lineOf = regexp.MustCompile(`line (\d+): ?`)

func syntaxFault(file string, err error) fault {
	f := fault{file: file, line: 1, column: 1, message: strings.TrimPrefix(err.Error(), "yaml: ")}
	if m := lineOf.FindStringSubmatch(f.message); m != nil {
		f.line, _ = strconv.Atoi(m[1])
		f.message = strings.Replace(f.message, m[0], "", 1)
	}
	f.message = strings.Join(strings.Fields(strings.TrimPrefix(f.message, "unmarshal errors:")), " ")
	return f
}

var envRef = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// expandEnv replaces ${NAME} in values, so that a secret need not stand in the file.
func expandEnv(file string, n *yaml.Node) []fault {
	var faults []fault
	for _, child := range n.Content {
		faults = append(faults, expandEnv(file, child)...)
	}
	if n.Kind != yaml.ScalarNode || !strings.Contains(n.Value, "${") {
		return faults
	}
	n.Value = envRef.ReplaceAllStringFunc(n.Value, func(ref string) string {
		name := ref[2 : len(ref)-1]
		value, ok := os.LookupEnv(name)
		if !ok {
			faults = append(faults, fault{file, n.Line, n.Column, "environment variable " + name + " is not set"})
		}
		return value
	})
	return faults
}

type walker struct {
	file   string
	faults []fault
}

func (w *walker) report(n *yaml.Node, format string, args ...any) {
	w.faults = append(w.faults, fault{w.file, n.Line, n.Column, fmt.Sprintf(format, args...)})
}

var (
	yamlUnmarshaler = reflect.TypeFor[yaml.Unmarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

func (w *walker) walk(n *yaml.Node, t reflect.Type, path string) {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	whole := reflect.PointerTo(t).Implements(yamlUnmarshaler) || reflect.PointerTo(t).Implements(textUnmarshaler) || t == reflect.TypeFor[time.Time]()
	switch {
	case n.Tag == "!!null":
	case !whole && t.Kind() == reflect.Struct:
		w.mapping(n, t, path)
	case !whole && (t.Kind() == reflect.Slice || t.Kind() == reflect.Array):
		w.sequence(n, t, path)
	case !whole && t.Kind() == reflect.Map:
		if n.Kind != yaml.MappingNode {
			w.report(n, "%s must be a mapping", name(path))
			return
		}
		for i := 0; i < len(n.Content); i += 2 {
			w.walk(n.Content[i+1], t.Elem(), path+"."+n.Content[i].Value)
		}
	default:
		if err := n.Decode(reflect.New(t).Interface()); err != nil {
			w.report(n, "%s: %s", name(path), cleanError(err, t))
		}
	}
}

func name(path string) string {
	if path == "" {
		return "the file"
	}
	return strings.TrimPrefix(path, ".")
}

func cleanError(err error, t reflect.Type) string {
	text := syntaxFault("", err).message
	if strings.HasPrefix(text, "cannot unmarshal") {
		return "must be " + kindName(t)
	}
	return text
}

func kindName(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return "a length of time like 10m or 24h"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.String:
		return "a text"
	case t.Kind() == reflect.Float64:
		return "a number"
	default:
		return "a whole number"
	}
}

func (w *walker) mapping(n *yaml.Node, t reflect.Type, path string) {
	if n.Kind != yaml.MappingNode {
		w.report(n, "%s must be a mapping", name(path))
		return
	}
	fields := fieldsOf(t)
	for i := 0; i < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		field, known := fields[key.Value]
		if !known {
			keys := make([]string, 0, len(fields))
			for k := range fields {
				keys = append(keys, k)
			}
			slices.Sort(keys)
			w.report(key, "unknown key %q; known here: %s", key.Value, strings.Join(keys, ", "))
			continue
		}
		w.walk(value, field, path+"."+key.Value)
	}
}

func fieldsOf(t reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for f := range t.Fields() {
		tag, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case tag == "-":
		case options == "inline":
			for k, v := range fieldsOf(f.Type) {
				fields[k] = v
			}
		case tag != "":
			fields[tag] = f.Type
		}
	}
	return fields
}

func (w *walker) sequence(n *yaml.Node, t reflect.Type, path string) {
	if n.Kind != yaml.SequenceNode {
		w.report(n, "%s must be a list", name(path))
		return
	}
	for i, item := range n.Content {
		w.walk(item, t.Elem(), fmt.Sprintf("%s[%d]", path, i))
	}
}

// at gives a problem found after reading its place in the file: that of the deepest node on its path that exists.
func (d *document) at(p geo.Problem) fault {
	if d.place != nil {
		p.Path = d.place(p.Path)
	}
	f := fault{file: d.file, line: 1, column: 1, message: p.Path + ": " + p.Message}
	n := d.root
	for _, step := range strings.FieldsFunc(p.Path, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		if n == nil {
			break
		}
		f.line, f.column = n.Line, n.Column
		n = child(n, step)
	}
	if n != nil {
		f.line, f.column = n.Line, n.Column
	}
	return f
}

func child(n *yaml.Node, step string) *yaml.Node {
	if n.Kind == yaml.SequenceNode {
		i, err := strconv.Atoi(step)
		if err != nil || i < 0 || i >= len(n.Content) {
			return nil
		}
		return n.Content[i]
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == step {
			return n.Content[i+1]
		}
	}
	return nil
}

func (d *document) all(problems []geo.Problem) []fault {
	faults := make([]fault, len(problems))
	for i, p := range problems {
		faults[i] = d.at(p)
	}
	return faults
}
