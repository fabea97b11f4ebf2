package history

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"quantrac/ingest"
)

var day = time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)

func reading(station, parameter string, at time.Time, v float64) ingest.Reading {
	return ingest.Reading{Station: station, Parameter: parameter, Value: v, MeasuredAt: at, Usable: true}
}

func parkOf(string) string { return "amata" }

func write(t *testing.T, s Store, readings ...ingest.Reading) {
	t.Helper()
	if err := s.Write(t.Context(), AppendLines(nil, readings, parkOf)); err != nil {
		t.Fatal(err)
	}
}

// The contract that every store keeps.
func contract(t *testing.T, s Store) {
	t.Run("raw rows merge value, raw, status and flags", func(t *testing.T) {
		unusable := reading("raw-01", "cod", day.Add(5*time.Minute), 900)
		unusable.Usable, unusable.Flags = false, ingest.OutOfRange
		calibrating := reading("raw-01", "cod", day.Add(10*time.Minute), 40)
		calibrating.Usable, calibrating.Status = false, ingest.Calibrating
		missing := reading("raw-01", "cod", day.Add(15*time.Minute), math.NaN())
		missing.Usable, missing.Flags = false, ingest.NotANumber
		flagged := reading("raw-01", "cod", day.Add(20*time.Minute), 42.5)
		flagged.Flags = ingest.Late | ingest.ClockAssumed
		write(t, s, reading("raw-01", "cod", day, 42.1), reading("raw-01", "ph", day, 7), unusable, calibrating, missing, flagged,
			reading("raw-01", "cod", day.Add(25*time.Minute), 0))
		rows, err := Raw(t.Context(), s, RawQuery{Station: "raw-01", Parameter: "cod", From: day, To: day.Add(25 * time.Minute)})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range rows {
			got = append(got, fmt.Sprintf("%s %s %s %s %s", r.MeasuredAt.Format("15:04"), show(r.Value), show(r.Raw), r.Status, r.Flags))
		}
		want := "00:00 42.1 42.1 measuring |00:05 - 900 measuring out_of_range|00:10 - 40 calibrating |00:15 - - measuring not_a_number|00:20 42.5 42.5 measuring late,clock_assumed"
		if strings.Join(got, "|") != want {
			t.Errorf("\n got %s\nwant %s", strings.Join(got, "|"), want)
		}
	})
	t.Run("windows", func(t *testing.T) {
		var in []ingest.Reading
		for i := range 24 {
			in = append(in, reading("win-01", "cod", day.Add(time.Duration(i)*5*time.Minute), float64(i)))
		}
		bad := reading("win-01", "cod", day.Add(time.Minute), 1e6)
		bad.Usable = false
		write(t, s, append(in, bad)...)
		for fn, want := range map[string]string{
			"mean": "5.5/12 17.5/12", "min": "0/12 12/12", "max": "11/12 23/12", "count": "12/12 12/12", "first": "0/12 12/12", "last": "11/12 23/12",
		} {
			q := WindowQuery{RawQuery: RawQuery{Station: "win-01", Parameter: "cod", From: day, To: day.Add(4 * time.Hour)}, Every: time.Hour, Fn: fn}
			windows, err := Windows(t.Context(), s, q)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for i, w := range windows {
				if !w.Time.Equal(day.Add(time.Duration(i) * time.Hour)) {
					t.Errorf("%s: window %d begins at %s", fn, i, w.Time)
				}
				got = append(got, fmt.Sprintf("%s/%d", show(w.Value), w.Count))
			}
			if strings.Join(got, " ") != want {
				t.Errorf("%s: got %v, want %s", fn, got, want)
			}
		}
	})
	t.Run("writing again changes nothing", func(t *testing.T) {
		for range 3 {
			write(t, s, reading("again-01", "cod", day, 1), reading("again-01", "cod", day.Add(time.Second), 2))
		}
		rows, err := Raw(t.Context(), s, RawQuery{Station: "again-01", Parameter: "cod", From: day, To: day.Add(time.Hour)})
		if err != nil || len(rows) != 2 {
			t.Errorf("%d rows, want 2 (%v)", len(rows), err)
		}
	})
	t.Run("10,000 points, paged", func(t *testing.T) {
		const n = 10000
		var in []ingest.Reading
		for i := range n {
			in = append(in, reading("many-01", "cod", day.Add(time.Duration(i)*time.Second), float64(i)))
		}
		w := NewWriter(s, parkOf, NewMetrics(nil), slog.New(slog.DiscardHandler))
		if err := w.Consume(t.Context(), []ingest.Intake{{Readings: in[:n/2]}, {Readings: in[n/2:]}}); err != nil {
			t.Fatal(err)
		}
		from, count := day, 0
		for {
			rows, err := Raw(t.Context(), s, RawQuery{Station: "many-01", Parameter: "cod", From: from, To: day.Add(24 * time.Hour), Limit: 3000})
			if err != nil {
				t.Fatal(err)
			}
			if len(rows) == 0 {
				break
			}
			for _, r := range rows {
				if r.Value == nil || *r.Value != float64(count) {
					t.Fatalf("row %d holds %s", count, show(r.Value))
				}
				count++
			}
			from = rows[len(rows)-1].MeasuredAt.Add(1)
		}
		if count != n {
			t.Errorf("%d rows, want %d", count, n)
		}
	})
	t.Run("names cannot break out", func(t *testing.T) {
		evil := `x' OR station =~ /.*/ OR 'a'='`
		rows, err := Raw(t.Context(), s, RawQuery{Station: evil, Parameter: "cod", From: day, To: day.Add(time.Hour)})
		if err != nil || len(rows) != 0 {
			t.Errorf("%d rows of a station that does not exist (%v)", len(rows), err)
		}
	})
	t.Run("only SELECT", func(t *testing.T) {
		write(t, s, reading("keep-01", "cod", day, 1))
		for _, text := range []string{"DROP MEASUREMENT readings", "SELECT * INTO other FROM readings", "SELECT 1; DROP DATABASE quantrac"} {
			if _, err := s.Query(t.Context(), text); err == nil {
				t.Errorf("%s was not refused", text)
			}
		}
		rows, err := Raw(t.Context(), s, RawQuery{Station: "keep-01", Parameter: "cod", From: day, To: day.Add(time.Hour)})
		if err != nil || len(rows) != 1 {
			t.Errorf("%d rows, want 1 (%v)", len(rows), err)
		}
	})
	t.Run("a refused point is parked alone", func(t *testing.T) {
		write(t, s, reading("type-01", "cod", day, 1))
		// The field is a float for ever; a string is refused.
		err := s.Write(t.Context(), fmt.Appendf(nil, "readings,park=amata,station=type-01 cod=\"text\" %d\n", day.Add(time.Minute).UnixNano()))
		if !Permanent(err) {
			t.Fatalf("got %v, want a permanent error", err)
		}
		w := NewWriter(s, parkOf, NewMetrics(nil), slog.New(slog.DiscardHandler))
		lines := []byte{}
		for i := range 9 {
			at := day.Add(time.Duration(i+2) * time.Minute).UnixNano()
			value := "2"
			if i == 4 {
				value = `"text"`
			}
			lines = fmt.Appendf(lines, "readings,park=amata,station=type-01 cod=%s %d\n", value, at)
		}
		if err := w.write(t.Context(), lines, 9); err != nil {
			t.Fatal(err)
		}
		rows, err := Raw(t.Context(), s, RawQuery{Station: "type-01", Parameter: "cod", From: day, To: day.Add(time.Hour)})
		if err != nil || len(rows) != 9 {
			t.Errorf("%d rows, want 9: the neighbours of a refused point must be there (%v)", len(rows), err)
		}
	})
	markedContract(t, s)
	movedContract(t, s)
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("ping: %v", err)
	}
}

func show(v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprint(*v)
}

func TestEmbedded(t *testing.T) {
	s, err := OpenEmbedded(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	contract(t, s)
}

func TestRealInfluxDB(t *testing.T) {
	srv := startInflux(t, t.TempDir(), freeAddr(t), freeAddr(t))
	defer srv.stop()
	s := OpenRemote(RemoteOptions{URL: "http://" + srv.addr})
	defer s.Close()
	contract(t, s)
}

func TestConfiguredInfluxDB(t *testing.T) {
	u := os.Getenv("QUANTRAC_TEST_INFLUX_URL")
	if u == "" {
		t.Skip("QUANTRAC_TEST_INFLUX_URL names no server")
	}
	s := OpenRemote(RemoteOptions{
		URL: u, Org: os.Getenv("QUANTRAC_TEST_INFLUX_ORG"), Bucket: os.Getenv("QUANTRAC_TEST_INFLUX_BUCKET"), Token: os.Getenv("QUANTRAC_TEST_INFLUX_TOKEN"),
	})
	defer s.Close()
	contract(t, s)
}

// A server that is stopped for a while loses nothing: the writer waits and goes on.
func TestInfluxDBStoppedAndBack(t *testing.T) {
	dir, addr, rpc := t.TempDir(), freeAddr(t), freeAddr(t)
	srv := startInflux(t, dir, addr, rpc)
	s := OpenRemote(RemoteOptions{URL: "http://" + addr})
	defer s.Close()
	w := NewWriter(s, parkOf, NewMetrics(nil), slog.New(slog.DiscardHandler))
	batch := func(i int) []ingest.Intake {
		return []ingest.Intake{{Readings: []ingest.Reading{reading("away-01", "cod", day.Add(time.Duration(i)*time.Minute), float64(i))}}}
	}
	if err := w.Consume(t.Context(), batch(0)); err != nil {
		t.Fatal(err)
	}
	srv.kill()
	done := make(chan error, 1)
	go func() {
		for i := 1; i < 20; i++ {
			if err := w.Consume(t.Context(), batch(i)); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	select {
	case err := <-done:
		t.Fatalf("the writer went on without a server: %v", err)
	case <-time.After(500 * time.Millisecond):
	}
	if err := s.Ping(t.Context()); err == nil {
		t.Error("ping does not see that the server is away")
	}
	srv = startInflux(t, dir, addr, rpc)
	defer srv.stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	rows, err := Raw(t.Context(), s, RawQuery{Station: "away-01", Parameter: "cod", From: day, To: day.Add(time.Hour)})
	if err != nil || len(rows) != 20 {
		t.Errorf("%d rows, want 20 (%v)", len(rows), err)
	}
}

// A wrong setting is no fault of the points: they wait until somebody has mended it.
func TestWrongSettingParksNothing(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"code":"invalid","message":"Please provide either orgID or org"}`))
	}))
	defer srv.Close()
	s := OpenRemote(RemoteOptions{URL: srv.URL})
	defer s.Close()
	err := s.Write(t.Context(), AppendLines(nil, []ingest.Reading{reading("a", "cod", day, 1)}, parkOf))
	if err == nil || Permanent(err) {
		t.Errorf("got %v, want an error that can be mended", err)
	}
	if s.Ping(t.Context()) == nil {
		t.Error("ping does not see that nothing can be read")
	}
}

func TestWriterStopsWithItsContext(t *testing.T) {
	s := OpenRemote(RemoteOptions{URL: "http://127.0.0.1:1"})
	defer s.Close()
	w := NewWriter(s, parkOf, NewMetrics(nil), slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := w.Consume(ctx, []ingest.Intake{{Readings: []ingest.Reading{reading("a", "cod", day, 1)}}}); err == nil {
		t.Error("nil means durable, and nothing was written")
	}
}

type influxd struct {
	addr string
	cmd  *exec.Cmd
}

func (s *influxd) kill() { _ = s.cmd.Process.Kill(); _ = s.cmd.Wait() }
func (s *influxd) stop() { _ = s.cmd.Process.Signal(os.Interrupt); _ = s.cmd.Wait() }

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// startInflux starts a real influxd 1.8 and waits until it answers.
func startInflux(t *testing.T, dir, addr, rpc string) *influxd {
	t.Helper()
	bin := os.Getenv("QUANTRAC_INFLUXD")
	if bin == "" {
		bin = "../../.tools/bin/influxd"
	}
	if _, err := os.Stat(bin); err != nil {
		t.Skipf("no influxd at %s: make tools builds it", bin)
	}
	conf := filepath.Join(dir, "influxdb.conf")
	text := fmt.Sprintf("reporting-disabled = true\nbind-address = %q\n[meta]\ndir = %q\n[data]\ndir = %q\nwal-dir = %q\n[http]\nbind-address = %q\n[logging]\nlevel = \"error\"\n",
		rpc, filepath.Join(dir, "meta"), filepath.Join(dir, "data"), filepath.Join(dir, "wal"), addr)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(bin, "-config", conf)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	srv := &influxd{addr, cmd}
	probe := OpenRemote(RemoteOptions{URL: "http://" + addr})
	defer probe.Close()
	deadline := time.Now().Add(30 * time.Second)
	for probe.Ping(t.Context()) != nil {
		if time.Now().After(deadline) {
			srv.kill()
			t.Fatal("influxd did not start within 30 s")
		}
		time.Sleep(50 * time.Millisecond)
	}
	return srv
}

// TestMain lets the test binary be the process that TestEmbeddedSurvivesKill kills.
func TestMain(m *testing.M) {
	if dir := os.Getenv("QUANTRAC_TEST_WRITE_UNTIL_KILLED"); dir != "" {
		writeUntilKilled(dir)
	}
	os.Exit(m.Run())
}

func writeUntilKilled(dir string) {
	s, err := OpenEmbedded(dir)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	rows, err := Raw(context.Background(), s, RawQuery{Station: "kill-01", Parameter: "cod", From: day, To: day.Add(24 * time.Hour)})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for i := len(rows); ; i++ {
		lines := AppendLines(nil, []ingest.Reading{reading("kill-01", "cod", day.Add(time.Duration(i)*time.Second), float64(i))}, parkOf)
		if err := s.Write(context.Background(), lines); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(i + 1)
	}
}

func TestEmbeddedSurvivesKill(t *testing.T) {
	dir := t.TempDir()
	acked := 0
	for round := range 3 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "QUANTRAC_TEST_WRITE_UNTIL_KILLED="+dir)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; n < 200+100*round && lines.Scan(); n++ {
			if _, err := fmt.Sscan(lines.Text(), &acked); err != nil {
				t.Fatal(err)
			}
		}
		_ = cmd.Process.Kill()
		for lines.Scan() {
			_, _ = fmt.Sscan(lines.Text(), &acked)
		}
		_ = cmd.Wait()
	}
	s, err := OpenEmbedded(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	rows, err := Raw(t.Context(), s, RawQuery{Station: "kill-01", Parameter: "cod", From: day, To: day.Add(24 * time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) < acked {
		t.Fatalf("%d points were acknowledged, %d are there", acked, len(rows))
	}
	for i, r := range rows {
		if r.Value == nil || *r.Value != float64(i) {
			t.Fatalf("row %d holds %s", i, show(r.Value))
		}
	}
}

func TestAppendLines(t *testing.T) {
	a := reading("s-1", "cod", time.Unix(0, 5), 42.5)
	b := reading("s-1", "tss", time.Unix(0, 5), 31)
	b.Usable, b.Status, b.Flags = false, ingest.Calibrating, ingest.Late
	c := reading("s-1", "ph", time.Unix(0, 6), math.NaN())
	c.Usable = false
	d := reading("s 2", "ph", time.Unix(0, 6), 7)
	got := string(AppendLines(nil, []ingest.Reading{a, b, c, d}, func(s string) string {
		if s == "s-1" {
			return "p"
		}
		return ""
	}))
	want := "readings,park=p,station=s-1 cod=42.5,tss_raw=31,tss_status=1i,tss_flags=\"late\" 5\n" + "readings,station=s\\ 2 ph=7 6\n"
	if got != want {
		t.Errorf("\n got %q\nwant %q", got, want)
	}
}

func delivery() []ingest.Reading {
	var in []ingest.Reading
	for _, p := range []string{"flow_in", "flow_out", "ph", "temp", "cod", "tss", "nh4_n", "tn"} {
		in = append(in, reading("amata-01", p, day, 42.1))
	}
	return in
}

func BenchmarkAppendLines8(b *testing.B) {
	in, buf := delivery(), []byte(nil)
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendLines(buf[:0], in, parkOf)
	}
}

func BenchmarkEmbeddedWrite256x8(b *testing.B) {
	s, err := OpenEmbedded(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	at := day
	for b.Loop() {
		var lines []byte
		for range 256 {
			at = at.Add(time.Second)
			in := delivery()
			for i := range in {
				in[i].MeasuredAt = at
			}
			lines = AppendLines(lines, in, parkOf)
		}
		if err := s.Write(b.Context(), lines); err != nil {
			b.Fatal(err)
		}
	}
}
