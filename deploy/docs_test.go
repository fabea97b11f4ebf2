package deploy

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The receiver in README.md accepts what Standard Webhooks signs, and nothing else.
func TestWebhookExample(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed")
	}
	block := regexp.MustCompile("(?s)```python\n(.*?)```").FindStringSubmatch(read(t, "../README.md"))
	if block == nil {
		t.Fatal("README.md has no Python example")
	}
	dir := t.TempDir()
	files := map[string]string{"receiver.py": block[1], "verify_test.py": webhookCases}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), python, "verify_test.py")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

const webhookCases = `
import base64
from receiver import verify

secret = "whsec_" + base64.b64encode(b"example-only-not-a-real-secret!!").decode()
body = b'{"type":"alert.opened","timestamp":"2026-09-01T01:05:04Z","data":{"alert":{"id":"a1"}}}'
now = 1788224704
good = {"webhook-id": "msg_example0001", "webhook-timestamp": str(now),
        "webhook-signature": "v1,zpCbmfQEm0o+L7cWefKGuLkUNRQvl+Do65Js44t63jg="}

def case(name, want, headers=good, secret=secret, body=body, now=now):
    assert verify(secret, headers, body, now) is want, name

case("the vector", True)
case("one of several signatures", True, {**good, "webhook-signature": "v1,AAAA v1a,BBBB " + good["webhook-signature"]})
case("299 s late", True, now=now + 299)
case("301 s late", False, now=now + 301)
case("301 s early", False, now=now - 301)
case("another body", False, body=body + b" ")
case("another id", False, {**good, "webhook-id": "msg_example0002"})
case("another secret", False, secret="whsec_" + base64.b64encode(b"x" * 32).decode())
case("another version", False, {**good, "webhook-signature": good["webhook-signature"].replace("v1,", "v2,")})
case("no headers", False, {})
case("no signature", False, {**good, "webhook-signature": ""})
case("a signature that is no ASCII", False, {**good, "webhook-signature": "v1,\u00e9"})
case("a time that is no number", False, {**good, "webhook-timestamp": "now"})
case("a time in other digits", False, {**good, "webhook-timestamp": "\u0661"})
`

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// Links in the documentation lead somewhere.
func TestLinks(t *testing.T) {
	files := []string{"../README.md", "../CHANGELOG.md"}
	err := filepath.WalkDir("../docs", func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".md") {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		for _, m := range link.FindAllStringSubmatch(read(t, file), -1) {
			target, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			path := file
			if target != "" {
				path = filepath.Join(filepath.Dir(file), target)
			}
			if _, err := os.Stat(path); err != nil {
				t.Errorf("%s links to %s: %v", file, m[1], err)
				continue
			}
			if anchor != "" && !hasHeading(read(t, path), anchor) {
				t.Errorf("%s links to %s: no such heading", file, m[1])
			}
		}
	}
}

// hasHeading looks for the heading that GitHub gives the anchor to.
func hasHeading(text, anchor string) bool {
	dropped := regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	for line := range strings.Lines(text) {
		title, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " ")
		if !ok || !strings.HasPrefix(line, "#") {
			continue
		}
		slug := dropped.ReplaceAllString(strings.ToLower(strings.TrimSpace(title)), "")
		if strings.ReplaceAll(slug, " ", "-") == anchor {
			return true
		}
	}
	return false
}
