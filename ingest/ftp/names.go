package ftp

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"strings"
)

// Bounds of what a logger may call a file.
const (
	maxPath   = 512
	maxLevels = 16
	maxLevel  = 200
)

var errName = errors.New("the name is too long or holds control characters")

// rel is the path inside the folder that a name speaks of, "." for the folder itself. Nothing leads out of it.
func rel(name string) (string, error) {
	p := path.Clean("/" + strings.ReplaceAll(name, `\`, "/"))[1:]
	if p == "" {
		return ".", nil
	}
	if len(p) > maxPath || strings.Count(p, "/") >= maxLevels || strings.ContainsFunc(p, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "", errName
	}
	for level := range strings.SplitSeq(p, "/") {
		if len(level) > maxLevel {
			return "", errName
		}
	}
	return p, nil
}

// temporary reports whether a name says that the file will get another one.
func temporary(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".tmp", ".temp", ".part", ".partial", ".filepart", ".upload", ".uploading", ".incomplete":
		return true
	}
	return false
}

// topic is a path as Delivery.Topic, which is text.
func topic(p string) string { return strings.ToValidUTF8(p, "?") }

// dirName is the name of an account's folder: the gateway's own where that is a safe file name, so that people find it.
func dirName(gateway string) string {
	const longest = 100
	var b strings.Builder
	for i := range len(gateway) {
		switch c := gateway[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.' && i > 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	if b.Len() > longest {
		sum := sha256.Sum256([]byte(gateway))
		return "%" + hex.EncodeToString(sum[:])
	}
	return b.String()
}
