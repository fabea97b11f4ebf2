package stream

import (
	"context"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// syncDelay is how long every fsync is held up.
const syncDelay = 250 * time.Millisecond

// Nothing is answered before its fsync: with each fsync of the process held up by strace, no answer comes sooner than that.
func TestNoAnswerBeforeTheDisk(t *testing.T) {
	if dir := os.Getenv("QUANTRAC_SYNC_DIR"); dir != "" {
		timeAppends(t, dir)
		return
	}
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("needs strace, which holds up the fsyncs")
	}
	delay := strconv.FormatInt(syncDelay.Microseconds(), 10)
	held := exec.CommandContext(t.Context(), strace, "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync,fdatasync,sync_file_range",
		"-e", "inject=fsync,fdatasync:delay_enter="+delay, os.Args[0], "-test.run=^TestNoAnswerBeforeTheDisk$", "-test.v")
	free := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestNoAnswerBeforeTheDisk$", "-test.v")
	for _, cmd := range []*exec.Cmd{held, free} {
		cmd.Env = append(os.Environ(), "QUANTRAC_SYNC_DIR="+t.TempDir())
		out, err := cmd.CombinedOutput()
		if strings.Contains(string(out), "PTRACE") {
			t.Skipf("strace may not trace here: %s", out)
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		var fastest time.Duration
		for line := range strings.Lines(string(out)) {
			if text, ok := strings.CutPrefix(strings.TrimSpace(line), "fastest "); ok {
				if fastest, err = time.ParseDuration(text); err != nil {
					t.Fatal(err)
				}
			}
		}
		switch {
		case fastest == 0:
			t.Errorf("no figure in\n%s", out)
		case cmd == held && fastest < syncDelay:
			t.Errorf("an answer came after %s, each fsync takes at least %s", fastest, syncDelay)
		case cmd == free && fastest > syncDelay:
			t.Errorf("an answer takes %s also when nothing is held up: the test shows nothing", fastest)
		}
		t.Logf("held up: %v, fastest answer %s", cmd == held, fastest)
	}
}

// timeAppends prints the shortest time from Append to the answer. The entries come at different moments of the sync before them.
func timeAppends(t *testing.T, dir string) {
	l, err := Open(t.Context(), Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var writer, answers sync.WaitGroup
	writer.Go(func() { _ = l.Run(ctx) })
	var mu sync.Mutex
	fastest := time.Hour
	for n := range 8 {
		start := time.Now()
		answers.Add(1)
		if err := l.Append(ctx, entry(n), func(err error) {
			defer answers.Done()
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			fastest = min(fastest, time.Since(start))
			mu.Unlock()
		}); err != nil {
			t.Fatal(err)
		}
		if n%2 == 0 {
			answers.Wait()
		}
	}
	answers.Wait()
	cancel()
	writer.Wait()
	os.Stdout.WriteString("fastest " + fastest.String() + "\n")
	_ = l.Close()
}
