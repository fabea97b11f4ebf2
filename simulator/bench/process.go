package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// process is one program of the system under test. Its output goes to a file in the run's directory.
type process struct {
	name string
	log  string
	cmd  *exec.Cmd
	// ended is closed when it has; err is then how.
	ended chan struct{}
	err   error
	// told is set when the program was told to end.
	told atomic.Bool
}

// startProcess starts a program in a process group of its own: Ctrl-C reaches the harness, which stops everything in order.
func startProcess(name, dir string, argv, env []string) (*process, error) {
	p := &process{name: name, log: filepath.Join(dir, name+".log"), ended: make(chan struct{})}
	out, err := os.Create(p.log)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	defer out.Close()
	p.cmd = exec.CommandContext(context.Background(), argv[0], argv[1:]...)
	p.cmd.Dir, p.cmd.Env = dir, append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = out, out
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		defer close(p.ended)
		p.err = p.cmd.Wait()
	}()
	return p, nil
}

// stopWait is more than any of the programs promises to need for an orderly stop.
const stopWait = 15 * time.Second

// stop ends the program and waits until it has ended.
func (p *process) stop() {
	p.told.Store(true)
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	t := time.NewTimer(stopWait)
	defer t.Stop()
	select {
	case <-p.ended:
	case <-t.C:
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
}

// died is the error of a program that ended although nobody told it to, with the end of what it wrote.
func (p *process) died() error {
	err := p.err
	if err == nil {
		err = errors.New("exit status 0")
	}
	return fmt.Errorf("%s ended by itself: %w%s", p.name, err, p.lastWords())
}

// lastWords are the last lines that the program wrote.
func (p *process) lastWords() string {
	const lines = 10
	data, err := os.ReadFile(p.log)
	if err != nil || len(bytes.TrimSpace(data)) == 0 {
		return ""
	}
	all := strings.Split(strings.TrimSpace(string(data)), "\n")
	return "\n  " + strings.Join(all[max(0, len(all)-lines):], "\n  ")
}

// usage is what a process has used since its start.
type usage struct {
	CPU time.Duration
	// Peak is the greatest resident size in bytes.
	Peak uint64
}

// usage reads the figures that the kernel keeps of the process.
func (p *process) usage() (usage, error) {
	dir := filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid))
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return usage{}, fmt.Errorf("CPU time of %s: %w", p.name, err)
	}
	status, err := os.ReadFile(filepath.Join(dir, "status"))
	if err != nil {
		return usage{}, fmt.Errorf("memory of %s: %w", p.name, err)
	}
	var u usage
	if u.CPU, err = cpuTime(string(stat)); err == nil {
		u.Peak, err = peakMemory(string(status))
	}
	if err != nil {
		return u, fmt.Errorf("figures of %s: %w", p.name, err)
	}
	return u, nil
}

// ticksPerSecond is USER_HZ, 100 on every Linux that Go runs on.
const ticksPerSecond = 100

// cpuTime is user and system time from /proc/PID/stat. The program's name, field 2, may hold spaces and parentheses.
func cpuTime(stat string) (time.Duration, error) {
	const utime, stime = 11, 12 // counted from field 3, after the name
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) <= stime {
		return 0, fmt.Errorf("/proc/PID/stat has %d fields after the name", len(fields))
	}
	var ticks uint64
	for _, f := range fields[utime : stime+1] {
		n, err := strconv.ParseUint(f, 10, 63)
		if err != nil {
			return 0, fmt.Errorf("/proc/PID/stat: %w", err)
		}
		ticks += n
	}
	return time.Duration(ticks) * (time.Second / ticksPerSecond), nil
}

// peakMemory is VmHWM of /proc/PID/status in bytes.
func peakMemory(status string) (uint64, error) {
	for line := range strings.Lines(status) {
		value, ok := strings.CutPrefix(line, "VmHWM:")
		if !ok {
			continue
		}
		kib, err := strconv.ParseUint(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 10, 54)
		if err != nil {
			return 0, fmt.Errorf("VmHWM: %w", err)
		}
		return kib << 10, nil
	}
	return 0, errors.New("/proc/PID/status has no VmHWM")
}

// machineCPU is the time that all processors of the machine have worked, and have worked or been idle, since its start.
func machineCPU() (busy, all time.Duration, err error) {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0, fmt.Errorf("CPU time of the machine: %w", err)
	}
	return parseMachineCPU(string(stat))
}

// parseMachineCPU reads the first line of /proc/stat: user nice system idle iowait irq softirq steal; the guests after it are
// in user already.
func parseMachineCPU(stat string) (busy, all time.Duration, err error) {
	const idle, iowait, columns = 3, 4, 8
	line, _, _ := strings.Cut(stat, "\n")
	fields := strings.Fields(line)
	if len(fields) <= columns || fields[0] != "cpu" {
		return 0, 0, fmt.Errorf("/proc/stat begins with %q", line)
	}
	for i, f := range fields[1 : columns+1] {
		n, err := strconv.ParseUint(f, 10, 53)
		if err != nil {
			return 0, 0, fmt.Errorf("/proc/stat: %w", err)
		}
		d := time.Duration(n) * (time.Second / ticksPerSecond)
		all += d
		if i != idle && i != iowait {
			busy += d
		}
	}
	return busy, all, nil
}
