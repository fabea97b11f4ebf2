package web

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// contract is openapi.json, made so strict that a member which it does not name is an error.
type contract struct {
	doc    *openapi3.T
	router routers.Router
	mu     sync.Mutex
	seen   map[string]bool // "METHOD path status" of the answers that were held against it
}

// TestMain fails a whole run in which the good answer of an operation was never seen: what nobody checks is not described.
func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if code == 0 && flag.Lookup("test.run").Value.String() == "" && flag.Lookup("test.skip").Value.String() == "" && flag.Lookup("test.list").Value.String() == "" {
		if missing := unseen(); len(missing) > 0 {
			fmt.Fprintln(os.Stderr, "no test has seen the answers", missing)
			code = 1
		}
	}
	os.Exit(code)
}

func unseen() []string {
	c, err := loadContract()
	if err != nil {
		return []string{err.Error()}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var missing []string
	for path, item := range c.doc.Paths.Map() {
		for method, op := range item.Operations() {
			for status := range op.Responses.Map() {
				key := method + " " + path + " " + status
				if status < "300" && status != "101" && !c.seen[key] {
					missing = append(missing, key)
				}
			}
		}
	}
	slices.Sort(missing)
	return missing
}

var loadContract = sync.OnceValues(func() (*contract, error) {
	data, err := os.ReadFile("openapi.json")
	if err != nil {
		return nil, err
	}
	var tree map[string]any
	if err := json.Unmarshal(data, &tree); err != nil {
		return nil, err
	}
	schemas := tree["components"].(map[string]any)["schemas"].(map[string]any)
	for name := range schemas {
		schemas[name] = flatten(schemas, schemas[name])
	}
	delete(tree, "servers") // they match the path alone, and the router wants the whole address
	for _, part := range []any{schemas, tree["paths"]} {
		closeObjects(part)
	}
	if data, err = json.Marshal(tree); err != nil {
		return nil, err
	}
	c := &contract{seen: map[string]bool{}}
	if c.doc, err = openapi3.NewLoader().LoadFromData(data); err != nil {
		return nil, err
	}
	c.router, err = legacy.NewRouter(c.doc)
	return c, err
})

func theContract(t *testing.T) *contract {
	t.Helper()
	c, err := loadContract()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// flatten makes one object of an allOf, so that it can be closed.
func flatten(schemas map[string]any, schema any) any {
	s, _ := schema.(map[string]any)
	if ref, ok := s["$ref"].(string); ok {
		return flatten(schemas, schemas[strings.TrimPrefix(ref, "#/components/schemas/")])
	}
	parts, ok := s["allOf"].([]any)
	if !ok {
		return schema
	}
	properties, required := map[string]any{}, []any{}
	for _, part := range parts {
		p := flatten(schemas, part).(map[string]any)
		maps.Copy(properties, p["properties"].(map[string]any))
		if r, ok := p["required"].([]any); ok {
			required = append(required, r...)
		}
	}
	return map[string]any{"type": "object", "properties": properties, "required": required}
}

func closeObjects(node any) {
	switch n := node.(type) {
	case map[string]any:
		if _, ok := n["properties"].(map[string]any); ok && n["type"] == "object" {
			if _, said := n["additionalProperties"]; !said {
				n["additionalProperties"] = false
			}
		}
		for _, v := range n {
			closeObjects(v)
		}
	case []any:
		for _, v := range n {
			closeObjects(v)
		}
	}
}

func TestOpenAPIIsValid(t *testing.T) {
	for _, doc := range []*openapi3.T{theContract(t).doc, loadFile(t)} {
		if err := doc.Validate(t.Context(), openapi3.EnableExamplesValidation(), openapi3.EnableSchemaFormatValidation(), openapi3.EnableMultiError()); err != nil {
			t.Error(err)
		}
	}
}

func loadFile(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestEveryRouteIsDescribedAndEveryDescriptionIsARoute(t *testing.T) {
	var described []string
	for path, item := range theContract(t).doc.Paths.Map() {
		for method := range item.Operations() {
			described = append(described, method+" "+path)
		}
	}
	routes := New(Config{Accounts: &Accounts{}}).Routes()
	for _, r := range routes {
		if !slices.Contains(described, r) {
			t.Errorf("%s is answered and not in openapi.json", r)
		}
	}
	for _, d := range described {
		if !slices.Contains(routes, d) {
			t.Errorf("%s is in openapi.json and nobody answers it", d)
		}
	}
}

// Schemas of the same name are the same in both documents, so that each can be read alone.
func TestSharedSchemasAreEqual(t *testing.T) {
	read := func(name string) map[string]any {
		var doc struct {
			Components struct{ Schemas map[string]any }
		}
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(data, &doc); err != nil {
			t.Fatal(err)
		}
		return doc.Components.Schemas
	}
	open, async := read("openapi.json"), read("asyncapi.json")
	shared := 0
	for name, schema := range async {
		other, ok := open[name]
		if !ok {
			continue
		}
		shared++
		if !reflect.DeepEqual(schema, other) {
			t.Errorf("schema %s differs", name)
		}
	}
	if shared < 10 {
		t.Errorf("only %d schemas are shared", shared)
	}
}

// asyncSchemas compiles the schemas of asyncapi.json, closed like those of openapi.json.
func asyncSchemas(t *testing.T) func(name string) *jsonschema.Schema {
	t.Helper()
	data, err := os.ReadFile("asyncapi.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	closeObjects(doc)
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	if err := c.AddResource("asyncapi.json", doc); err != nil {
		t.Fatal(err)
	}
	return func(name string) *jsonschema.Schema {
		s, err := c.Compile("asyncapi.json#/components/schemas/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
}

// frameSchemas names the schema of each type of frame.
func frameSchemas() map[string]string {
	return map[string]string{
		"snapshot": "SnapshotFrame", "readings": "ReadingsFrame", "station": "StationFrame", "alert": "AlertFrame", "hotspots": "HotspotsFrame",
		"heartbeat": "HeartbeatFrame", "registry": "RegistryFrame",
	}
}

func TestFramesAreAsDescribed(t *testing.T) {
	schema := asyncSchemas(t)
	data, err := os.ReadFile("ui/testdata/events.json") // what the hub sends, see TestFramesOfThePagesTests
	if err != nil {
		t.Fatal(err)
	}
	var frames []json.RawMessage
	if err := json.Unmarshal(data, &frames); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for i, f := range frames {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(string(f)))
		if err != nil {
			t.Fatal(err)
		}
		kind, _ := v.(map[string]any)["type"].(string)
		seen[kind] = true
		if err := schema(frameSchemas()[kind]).Validate(v); err != nil {
			t.Errorf("frame %d: %v", i, err)
		}
	}
	if len(seen) != len(frameSchemas())-1 { // heartbeats are for the websocket alone; see TestHeartbeat
		t.Errorf("only the types %v are in the golden file", seen)
	}
}

func TestAsyncAPIExamplesAreAsDescribed(t *testing.T) {
	schema := asyncSchemas(t)
	data, err := os.ReadFile("asyncapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		AsyncAPI   string
		Components struct {
			Messages map[string]struct {
				Payload struct {
					Ref string `json:"$ref"`
				}
				Examples []struct{ Payload json.RawMessage }
			}
		}
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	if doc.AsyncAPI != "3.0.0" {
		t.Errorf("version %q", doc.AsyncAPI)
	}
	for name, m := range doc.Components.Messages {
		s := schema(strings.TrimPrefix(m.Payload.Ref, "#/components/schemas/"))
		for _, ex := range m.Examples {
			v, err := jsonschema.UnmarshalJSON(strings.NewReader(string(ex.Payload)))
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Validate(v); err != nil {
				t.Errorf("example of %s: %v", name, err)
			}
		}
	}
	checkRefs(t, data)
}

// What is said of MQTT is what the door takes: each example, on its topic, becomes readings.
func TestMQTTTopicsAreDescribed(t *testing.T) {
	data, err := os.ReadFile("asyncapi.json")
	if err != nil {
		t.Fatal(err)
	}
	type ref struct {
		Ref string `json:"$ref"`
	}
	var doc struct {
		Channels map[string]struct {
			Address    string
			Messages   map[string]ref
			Parameters map[string]struct{ Examples []string }
		}
		Operations map[string]struct {
			Action   string
			Channel  ref
			Bindings struct {
				MQTT struct{ Retain bool }
			}
		}
		Components struct {
			Messages map[string]struct {
				Examples []struct{ Payload json.RawMessage }
			}
		}
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	for channel, want := range map[string]struct {
		address, operation string
		retain             bool
	}{
		"readings": {"quantrac/v1/{station}/readings", "receiveReadings", false},
		"status":   {"quantrac/v1/{station}/status", "receiveStatus", true},
	} {
		c, op := doc.Channels[channel], doc.Operations[want.operation]
		if c.Address != want.address || len(c.Parameters["station"].Examples) == 0 || len(c.Messages) == 0 {
			t.Errorf("channel %s: %+v", channel, c)
		}
		if op.Action != "receive" || op.Channel.Ref != "#/channels/"+channel || op.Bindings.MQTT.Retain != want.retain {
			t.Errorf("operation %s: %+v", want.operation, op)
		}
	}
	examples := doc.Components.Messages["readings"].Examples
	if len(examples) == 0 {
		t.Fatal("readings have no example")
	}
	r := newRig(t, nil)
	for i, ex := range examples {
		var got struct {
			Dialect  string
			Readings []struct{ Station string }
			Rejected []json.RawMessage
		}
		r.post("/api/v1/decode?now=2026-11-24T06:06:00Z&topic=quantrac/v1/amata-01/readings", string(ex.Payload)).into(http.StatusOK, &got)
		if got.Dialect != "native" || len(got.Readings) == 0 || got.Readings[0].Station != "amata-01" || len(got.Rejected) > 0 {
			t.Errorf("example %d: %+v", i, got)
		}
	}
}

// checkRefs finds references that lead nowhere.
func checkRefs(t *testing.T, data []byte) {
	t.Helper()
	var tree any
	if err := json.Unmarshal(data, &tree); err != nil {
		t.Fatal(err)
	}
	var walk func(any)
	walk = func(node any) {
		switch n := node.(type) {
		case map[string]any:
			if ref, ok := n["$ref"].(string); ok && !leads(tree, ref) {
				t.Errorf("%s leads nowhere", ref)
			}
			for _, v := range n {
				walk(v)
			}
		case []any:
			for _, v := range n {
				walk(v)
			}
		}
	}
	walk(tree)
}

func leads(tree any, ref string) bool {
	for _, step := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
		m, ok := tree.(map[string]any)
		if !ok {
			return false
		}
		if tree, ok = m[strings.ReplaceAll(step, "~1", "/")]; !ok {
			return false
		}
	}
	return true
}

func TestDescriptionsAreServed(t *testing.T) {
	r := newRig(t, nil)
	var doc map[string]any
	r.do("", http.MethodGet, "/api/openapi.json", "").into(http.StatusOK, &doc)
	if doc["openapi"] != "3.1.0" {
		t.Errorf("openapi %v", doc["openapi"])
	}
	r.do("", http.MethodGet, "/api/asyncapi.json", "").into(http.StatusOK, &doc)
	if doc["asyncapi"] != "3.0.0" {
		t.Errorf("asyncapi %v", doc["asyncapi"])
	}
}
