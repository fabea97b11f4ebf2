package ftp_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	client "github.com/jlaffaye/ftp"

	"quantrac/geo"
	"quantrac/ingest"
	"quantrac/ingest/dialect"
	"quantrac/ingest/ftp"
	"quantrac/ingest/stream"
)

// way is the real way in: dialect, check, and the log on a disk that is synced.
type way struct {
	*ingest.Door
	// stored counts the readings on disk, files the entries.
	stored, files atomic.Int64
}

func newWay(t *testing.T) *way {
	t.Helper()
	log, err := stream.Open(t.Context(), stream.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- log.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-ended, log.Close()); err != nil {
			t.Error(err)
		}
	})
	reg := geo.Builtin()
	w := &way{}
	w.Door = &ingest.Door{
		Decode: dialect.Decode, Registry: func() *geo.Registry { return reg }, Catalogue: ingest.BuiltinCatalogue(),
		Append: func(ctx context.Context, in *ingest.Intake, done func(error)) error {
			return log.Append(ctx, in, func(err error) {
				if err == nil {
					w.stored.Add(int64(len(in.Readings)))
					w.files.Add(1)
				}
				done(err)
			})
		},
	}
	return w
}

// fileAt is the n-th file of a station, a little less than five minutes apart, so that 17,280 lie within its last 60 days.
func fileAt(n int) (name, body string) {
	ict := time.FixedZone("ICT", 7*3600)
	at := time.Now().In(ict).Add(-59 * 24 * time.Hour).Add(time.Duration(n) * 290 * time.Second)
	stamp := at.Format("20060102150405")
	var b strings.Builder
	for _, line := range []string{"Flow_in\t182.4\tm3/h", "Flow_out\t176.9\tm3/h", "pH\t7.42\t-", "Temp\t29.8\toC", "COD\t31.6\tmg/L", "TSS\t14.2\tmg/L", "NH4\t0.62\tmg/L"} {
		fmt.Fprintf(&b, "%s\t%s\t00\r\n", line, stamp)
	}
	return at.Format("2006/01/02/") + "DN_AMATA_NUOC01_" + stamp + ".txt", b.String()
}

const perFile = 7

func TestUploadIntoTheLog(t *testing.T) {
	const n = 300
	w := newWay(t)
	s, err := ftp.Open(ftp.Options{
		Listen: "127.0.0.1:0", Dir: t.TempDir(), Submit: w.Submit,
		Authenticate: func(context.Context, string, string, string) (ftp.Account, bool) {
			return ftp.Account{Gateway: "gw", Stations: []string{ftp.AllStations}}, true
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx) }()
	c, err := client.Dial(s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Login("gw", "x"); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	for i := range n {
		name, body := fileAt(n - i) // the newest first: any order will do
		if err := c.Stor(name, strings.NewReader(body)); err != nil {
			t.Fatal(err)
		}
		if got := w.stored.Load(); got != int64(perFile*(i+1)) {
			t.Fatalf("226 was said to file %d with %d readings on disk", i, got)
		}
	}
	t.Logf("%s for each of %d files on one connection, synced", (time.Since(began) / n).Round(time.Microsecond), n)
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// The 60 days of a station in the drop folder.
func TestDropIntoTheLog(t *testing.T) {
	n := 17_280
	if testing.Short() {
		n = 500
	}
	w := newWay(t)
	dir := t.TempDir()
	for i := range n {
		name, body := fileAt(i)
		p := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	d, err := ftp.OpenDrop(ftp.DropOptions{Dir: dir, Submit: w.Submit})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	began := time.Now()
	go func() { ended <- d.Serve(ctx) }()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for w.files.Load() < int64(n) {
		<-tick.C
		if time.Since(began) > 2*time.Minute {
			t.Fatalf("%d of %d files after two minutes", w.files.Load(), n)
		}
	}
	t.Logf("%d files in %s, synced", n, time.Since(began).Round(time.Millisecond))
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if got := w.stored.Load(); got != int64(perFile*n) {
		t.Errorf("%d readings on disk, want %d", got, perFile*n)
	}
}
