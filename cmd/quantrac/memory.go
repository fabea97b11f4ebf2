package main

import (
	"bytes"
	"os"
	"runtime/debug"
	"strconv"
)

const (
	// heapGrowth is by how many per cent of what is in use the heap may grow between two collections: half of the work that the
	// usual 100 cost.
	heapGrowth = 200
	// memoryShare is the part of the machine's or the container's memory from which on collecting goes before speed, in per cent.
	memoryShare = 70
)

// tuneCollector lets the heap grow further where there is memory for it. GOGC and GOMEMLIMIT, when set, are obeyed.
func tuneCollector() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(heapGrowth)
	}
	if most := memory(); most > 0 && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(most / 100 * memoryShare)
	}
}

// memory is how many bytes this process may use: of its control group, else of the machine; 0 = not known.
func memory() int64 {
	machine, err := os.ReadFile("/proc/meminfo")
	most := int64(0)
	if err == nil {
		most = memTotal(machine)
	}
	for _, name := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		group, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		n, err := strconv.ParseInt(string(bytes.TrimSpace(group)), 10, 64) // "max" is no limit
		if err == nil && n > 0 && (most == 0 || n < most) {
			most = n
		}
	}
	return most
}

// memTotal reads the line "MemTotal: 1234 kB" of /proc/meminfo.
func memTotal(info []byte) int64 {
	for line := range bytes.Lines(info) {
		rest, ok := bytes.CutPrefix(line, []byte("MemTotal:"))
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(string(bytes.TrimSpace(bytes.TrimSuffix(bytes.TrimSpace(rest), []byte("kB")))), 10, 64)
		if err != nil {
			return 0
		}
		return n << 10
	}
	return 0
}
