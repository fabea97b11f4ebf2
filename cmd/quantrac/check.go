package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"

	"quantrac/ingest"
)

// check validates files. A .geojson is a registry, a .csv a table of stations, or of parks where its name says so. What another file is follows from its keys: parks or stations make a registry, rules a file of rules,
// sets a file of limits, everything else a configuration, which is followed to the files that it names.
func check(args []string, stdout io.Writer) error {
	fs := flag.NewFlagSet("quantrac check", flag.ContinueOnError)
	fs.Usage = func() {
		fmt.Fprintln(fs.Output(), "usage: quantrac check [FILE...]\n\nValidates configuration, registry, rules, limits and webhooks. Without a file it checks quantrac.yaml if there is\none, else the built-in facts. Every fault is printed as file:line:column: message; the exit status is then 1.")
	}
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return errUsage
	}
	files := fs.Args()
	if _, err := os.Stat("quantrac.yaml"); err == nil && len(files) == 0 {
		files = []string{"quantrac.yaml"}
	}
	var faults []fault
	if len(files) == 0 {
		c := defaults(false)
		_, faults = loadFacts(&c)
		files = []string{"built-in facts"}
	} else {
		for _, f := range files {
			faults = append(faults, checkFile(f)...)
		}
	}
	if len(faults) > 0 {
		return &invalidError{faults}
	}
	for _, f := range files {
		fmt.Fprintf(stdout, "%s: ok\n", f)
	}
	return nil
}

func checkFile(file string) []fault {
	// A pipe would be empty when it is read the second time, and an empty file has no faults.
	if info, err := os.Stat(file); err == nil && !info.Mode().IsRegular() {
		return []fault{{file, 1, 1, "is no regular file: it is read more than once"}}
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return []fault{{file, 1, 1, err.Error()}}
	}
	if strings.EqualFold(filepath.Ext(file), ".csv") {
		return checkTable(file, data)
	}
	c := defaults(false)
	if isGeoJSON(file) {
		c.Registry = file
		_, faults := loadFacts(&c)
		return faults
	}
	var keys map[string]yaml.Node
	if err := yaml.NewDecoder(bytes.NewReader(data)).Decode(&keys); err != nil && !errors.Is(err, io.EOF) {
		return []fault{syntaxFault(file, err)}
	}
	has := func(key string) bool { _, ok := keys[key]; return ok }
	switch {
	case has("parks") || has("stations"):
		c.Registry = file
	case has("rules") && keyIsList(keys["rules"]):
		c.Rules = file
	case has("events"):
		return checkScenario(file, data)
	case has("sets"):
		c.Limits = file
	case has("parameters") && has("units"):
		var f ingest.CatalogueFile
		doc, faults := readYAML(file, data, &f)
		if len(faults) > 0 {
			return faults
		}
		_, problems := ingest.NewCatalogue(f)
		return doc.all(problems)
	default:
		doc, faults := readYAML(file, data, &c)
		if len(faults) > 0 {
			return faults
		}
		c.file = doc
		faults = append(doc.all(c.problems()), doc.all(checkWebhooks(&c))...)
		_, more := loadFacts(&c)
		return append(faults, more...)
	}
	_, faults := loadFacts(&c)
	return faults
}

func keyIsList(n yaml.Node) bool { return n.Kind == yaml.SequenceNode }
