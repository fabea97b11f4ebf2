package web

import (
	"embed"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/klauspost/compress/gzhttp"
)

//go:embed openapi.json asyncapi.json
var descriptions embed.FS

// describe answers one of the API's descriptions. They are public: they say nothing that the source does not.
func describe(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		b, err := descriptions.ReadFile(name)
		if err != nil {
			problem(w, http.StatusNotFound, "no such description")
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(b)
	}
}

// contentPolicy: the page asks nobody but us, and the host that map tiles were configured to come from. Maplibre fetches tiles
// by script; its worker may be a blob; styles are set by script.
func contentPolicy(tiles string) string {
	if tiles != "" {
		tiles = " " + tiles
	}
	return "default-src 'self'; script-src 'self'; worker-src 'self' blob:; img-src 'self' data: blob:" + tiles + "; " +
		"style-src 'self' 'unsafe-inline'; connect-src 'self'" + tiles + "; font-src 'self'; object-src 'none'; base-uri 'none'; " +
		"form-action 'self'; frame-ancestors 'none'"
}

const noPage = `<!doctype html><html lang="vi"><meta charset="utf-8"><title>quantrac</title>
<body style="font:16px system-ui;max-width:40rem;margin:4rem auto;padding:0 1rem">
<h1>Giao diện chưa được dựng</h1><p>The UI is not built: run <code>make ui</code> and build the program again.
The API works: see <a href="/api/openapi.json">/api/openapi.json</a>.</p></body></html>`

// page serves the built UI. Files under assets/ carry their hash in their name and never change.
func (s *Server) page(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		problem(w, http.StatusMethodNotAllowed, "a page can only be read")
		return
	}
	if s.cfg.Page == nil {
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(noPage))
		return
	}
	if p := r.URL.Path; len(p) > 1 && strings.HasSuffix(p, "/") {
		// The page names its files relative to itself, so that it works behind any prefix: a slash more would lead elsewhere. The
		// target is relative too; "//host" can not come of it.
		w.Header().Set("Location", "../"+path.Base(p)+query(r))
		w.WriteHeader(http.StatusMovedPermanently)
		return
	}
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	if name == "" {
		name = "index.html"
	}
	// A folder is no page: its listing is nobody's business. Paths without a dot are places inside the page.
	if info, err := fs.Stat(s.cfg.Page, name); err != nil || info.IsDir() {
		if path.Ext(name) != "" {
			problem(w, http.StatusNotFound, "there is no "+r.URL.Path)
			return
		}
		name = "index.html"
	}
	if strings.HasPrefix(name, "assets/") {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		w.Header().Set("Cache-Control", "no-cache")
	}
	if !s.packed.serve(w, r, s.cfg.Page, name) {
		http.ServeFileFS(w, r, s.cfg.Page, name)
	}
}

// query is that of the request with its question mark, or "".
func query(r *http.Request) string {
	if r.URL.RawQuery == "" {
		return ""
	}
	return "?" + r.URL.RawQuery
}

// Handler is the whole of it, with the headers that every answer carries.
func (s *Server) Handler() http.Handler {
	compressed, policy := gzhttp.GzipHandler(s.mux), contentPolicy(tileOrigin(s.cfg.Basemap.Tiles))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Content-Security-Policy", policy)
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-store") // the page says otherwise
		if r.URL.Path == "/ws" {
			s.mux.ServeHTTP(w, r) // what compresses could not be hijacked
			return
		}
		compressed.ServeHTTP(w, r)
	})
}
