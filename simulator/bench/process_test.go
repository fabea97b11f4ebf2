package bench

import (
	"os/exec"
	"strings"
	"testing"
	"time"
)

func TestCPUTime(t *testing.T) {
	const ok = "1234 (a (b) c) S 1 1234 1234 0 -1 4194560 1500 0 0 0 123 77 5 6 20 0 8 0 100 1000000 500"
	if got, err := cpuTime(ok); err != nil || got != 2*time.Second {
		t.Errorf("got %s, %v", got, err)
	}
	for _, bad := range []string{"", "1 (x) S 1 2 3", strings.Replace(ok, " 123 ", " -123 ", 1)} {
		if got, err := cpuTime(bad); err == nil {
			t.Errorf("%q gives %s", bad, got)
		}
	}
}

func TestPeakMemory(t *testing.T) {
	if got, err := peakMemory("Name:\tx\nVmPeak:\t   9000 kB\nVmHWM:\t    2048 kB\nVmRSS:\t 1 kB\n"); err != nil || got != 2<<20 {
		t.Errorf("got %d, %v", got, err)
	}
	for _, bad := range []string{"", "VmRSS:\t 1 kB\n", "VmHWM:\t many kB\n"} {
		if got, err := peakMemory(bad); err == nil {
			t.Errorf("%q gives %d", bad, got)
		}
	}
}

func TestMachineCPU(t *testing.T) {
	busy, all, err := parseMachineCPU("cpu  100 50 150 1000 200 10 40 50 7 7\ncpu0 1 1 1 1 1 1 1 1 1 1\n")
	if err != nil || busy != 4*time.Second || all != 16*time.Second {
		t.Errorf("got %s of %s, %v", busy, all, err)
	}
	for _, bad := range []string{"", "cpu 1 2 3", "cpu0 1 2 3 4 5 6 7 8 9", "cpu 1 2 x 4 5 6 7 8"} {
		if _, _, err := parseMachineCPU(bad); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
	if busy, all, err := machineCPU(); err != nil || busy <= 0 || all <= busy {
		t.Errorf("this machine: %s of %s, %v", busy, all, err)
	}
}

func TestProcess(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell")
	}
	busy, err := startProcess("busy", t.TempDir(), []string{sh, "-c", "while :; do :; done"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(busy.stop)
	for deadline := time.Now().Add(20 * time.Second); ; {
		u, err := busy.usage()
		if err != nil {
			t.Fatal(err)
		}
		if u.CPU > 50*time.Millisecond && u.Peak > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("a busy process used %+v", u)
		}
	}
	busy.stop()
	if _, err := busy.usage(); err == nil {
		t.Error("a stopped process still has figures")
	}

	broken, err := startProcess("broken", t.TempDir(), []string{sh, "-c", "echo port is taken; exit 3"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	<-broken.ended
	if got := broken.died().Error(); !strings.Contains(got, "exit status 3") || !strings.Contains(got, "port is taken") {
		t.Errorf("its end is reported as %q", got)
	}
}

func TestMissingProgram(t *testing.T) {
	p := program{"quantrac-no-such-program", "QUANTRAC_TEST_NO_SUCH_PROGRAM", "no/such/place-*"}
	if _, err := p.find(); err == nil || !strings.Contains(err.Error(), "make telegraf tools") {
		t.Errorf("the error is %v", err)
	}
	t.Setenv(p.env, "/no/such/file")
	if _, err := p.find(); err == nil || !strings.Contains(err.Error(), p.env) {
		t.Errorf("the error is %v", err)
	}
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell")
	}
	t.Setenv(p.env, sh)
	if got, err := p.find(); err != nil || got != sh {
		t.Errorf("found %q, %v", got, err)
	}
}
