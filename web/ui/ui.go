// Package ui carries the page that officers see, as built by Vite, inside the binary.
//
// It promises that a fresh clone builds without Node: an empty dist is embedded then, and Files says that there is no page.
package ui

import (
	"embed"
	"io/fs"
)

// dist holds at least .gitkeep, so that the pattern matches before the first build.
//
//go:embed all:dist
var dist embed.FS

// Files returns the built page, rooted at its index.html, and whether there is one.
func Files() (fs.FS, bool) {
	built, err := fs.Sub(dist, "dist")
	if err != nil {
		return nil, false
	}
	if _, err := fs.Stat(built, "index.html"); err != nil {
		return nil, false
	}
	return built, true
}
