package broker

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"
)

var gatewaysFlag = flag.Int("gateways", 2000, "connections of TestManyGateways")

const crowdEnv = "QUANTRAC_TEST_CROWD"

// TestManyGateways holds many connections at once, each of which sends, rests and sends again. Nothing is lost, and a silent
// one costs little; -run ManyGateways -v -gateways 10000 prints the figure. The clients are a process of their own, so that
// neither their memory nor their file descriptors count.
func TestManyGateways(t *testing.T) {
	n := *gatewaysFlag
	if testing.Short() {
		n = 200
	}
	d := newDisk(true)
	b, err := Open(Options{Listen: "127.0.0.1:0", Anonymous: true, Submit: d.Submit})
	if err != nil {
		t.Fatal(err)
	}
	b.calm = 100 * time.Millisecond
	t.Cleanup(serve(t, b))
	before := memory()

	cmd, in, out := startCrowd(t, b, n)
	lines := bufio.NewScanner(out)
	for range rounds {
		if !lines.Scan() || lines.Text() != crowdDone {
			t.Fatalf("the clients say %q", lines.Text())
		}
		awaitCondition(t, func() bool { return b.busy.Load() == 0 })
		if _, err := io.WriteString(in, "go on\n"); err != nil {
			t.Fatal(err)
		}
	}
	if !lines.Scan() || lines.Text() != crowdDone {
		t.Fatalf("the clients say %q", lines.Text())
	}
	awaitCondition(t, func() bool { return b.busy.Load() == 0 })
	if arrived := distinctBodies(d); arrived != rounds*n || len(b.connections()) != n {
		t.Errorf("%d of %d messages arrived, %d of %d connections are open", arrived, rounds*n, len(b.connections()), n)
	}
	d.deliver = nil
	per := (memory() - before) / uint64(n)
	t.Logf("%d silent connections: %d bytes each", n, per)
	// With a buffer, or with what a message left of its stack, it would be twice that.
	if per > 8_000 {
		t.Errorf("a silent connection costs %d bytes", per)
	}
	_ = in.Close()
	if err := cmd.Wait(); err != nil {
		t.Errorf("the clients: %v", err)
	}
}

func startCrowd(t *testing.T, b *Broker, n int) (cmd *exec.Cmd, in io.WriteCloser, out io.Reader) {
	t.Helper()
	cmd = exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestCrowd$", "-gateways="+strconv.Itoa(n))
	cmd.Env = append(os.Environ(), crowdEnv+"="+b.Addr().String())
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if out, err = cmd.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, in, out
}

func distinctBodies(d *disk) int {
	seen := map[string]bool{}
	for _, del := range d.deliveries() {
		seen[string(del.Body)] = true
	}
	return len(seen)
}

const (
	rounds    = 2
	crowdDone = "crowd done"
)

// TestCrowd is the clients of TestManyGateways, in their own process.
func TestCrowd(t *testing.T) {
	addr := os.Getenv(crowdEnv)
	if addr == "" {
		t.Skip("the clients of TestManyGateways")
	}
	n := *gatewaysFlag
	conns := make([]net.Conn, n)
	step := func(do func(i int) error) {
		inParallel(n, func(i int) {
			if err := do(i); err != nil {
				t.Errorf("connection %d: %v", i, err)
			}
		})
		if t.Failed() {
			t.FailNow()
		}
		fmt.Println(crowdDone)
	}
	step(func(i int) (err error) {
		if conns[i], err = net.Dial("tcp", addr); err != nil {
			return err
		}
		_ = conns[i].SetDeadline(time.Now().Add(3 * patience))
		return ask(conns[i], connectPacket(4, login{id: fmt.Sprint("gw-", i)}))
	})
	said := bufio.NewScanner(os.Stdin)
	r := &raw{version: 4}
	for round := range rounds {
		if !said.Scan() {
			t.Fatal("nobody wants more")
		}
		step(func(i int) error {
			return ask(conns[i], r.publishPacket(message{topic: readings, body: native(float64(round*n + i)), qos: 1, id: uint16(round + 1)}))
		})
	}
	// Until the broker's side has seen enough.
	said.Scan()
}

// memory is what lives on heap and stacks.
func memory() uint64 {
	for range 3 {
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}

func inParallel(n int, do func(i int)) {
	const workers = 32
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < n; i += workers {
				do(i)
			}
		})
	}
	wg.Wait()
}

// ask sends a packet that has an answer of four bytes.
func ask(c net.Conn, packet []byte) error {
	if _, err := c.Write(packet); err != nil {
		return err
	}
	_, err := io.ReadFull(c, make([]byte, 4))
	return err
}
