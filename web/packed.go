package web

import (
	"bytes"
	"compress/gzip"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// packed holds the files of the page compressed as well as gzip can, each since it was first asked for: they are the same for everybody, and
// what compresses answers on the way does so a fifth worse. It holds at most all files of the page, which are part of the program.
type packed struct {
	files sync.Map // name to func() []byte
}

// packable are the kinds of file that become smaller.
var packable = []string{".js", ".mjs", ".css", ".html", ".svg", ".geojson"}

// serve answers with the compressed file, if the client takes it and the file is one that becomes smaller; else it does nothing.
func (p *packed) serve(w http.ResponseWriter, r *http.Request, page fs.FS, name string) bool {
	if !slices.Contains(packable, path.Ext(name)) || r.Header.Get("Range") != "" || !takesGzip(r) {
		return false
	}
	pack, _ := p.files.LoadOrStore(name, sync.OnceValue(func() []byte { return pack(page, name) }))
	body := pack.(func() []byte)()
	if body == nil {
		return false
	}
	h := w.Header()
	h.Add("Vary", "Accept-Encoding")
	h.Set("Content-Encoding", "gzip")
	h.Set("Content-Type", typeOf(name))
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body)
	}
	return true
}

// takesGzip reads Accept-Encoding as far as browsers write it; who words it in another way gets the file by the usual path.
func takesGzip(r *http.Request) bool {
	for _, coding := range strings.Split(r.Header.Get("Accept-Encoding"), ",") {
		if strings.TrimSpace(coding) == "gzip" {
			return true
		}
	}
	return false
}

func typeOf(name string) string {
	switch path.Ext(name) {
	case ".mjs":
		return "text/javascript; charset=utf-8"
	case ".geojson":
		return "application/geo+json"
	}
	return mime.TypeByExtension(path.Ext(name))
}

// pack is nil for a file that cannot be read.
func pack(page fs.FS, name string) []byte {
	plain, err := fs.ReadFile(page, name)
	if err != nil {
		return nil
	}
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil
	}
	if _, err := z.Write(plain); err != nil || z.Close() != nil {
		return nil
	}
	return b.Bytes()
}
