package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jlaffaye/ftp"

	"quantrac/ingest/dialect"
)

// makeGateway creates an account by the API and returns its password.
func (p *process) makeGateway(id, body string) string {
	p.t.Helper()
	status, answer, err := p.request(http.MethodPut, "/api/v1/gateways/"+id, body)
	var made struct {
		Password string `json:"password"`
	}
	if err != nil || status != http.StatusCreated || json.Unmarshal(answer, &made) != nil || made.Password == "" {
		p.t.Fatalf("gateway %s: %d %s %v", id, status, answer, err)
	}
	return made.Password
}

// The other doors lead to the same log: a file by FTP, a file in the drop folder, a telegram of HJ 212.
func TestOtherDoors(t *testing.T) {
	drop, ftpAddr, hj := t.TempDir(), freeAddr(t), freeAddr(t)
	p := startProcess(t, "--data", t.TempDir(), "--mqtt", "off", "--ftp", ftpAddr, "--drop-dir", drop, "--hj212", hj)
	at := time.Now().Add(-time.Hour).Truncate(time.Minute)
	file := func(value float64, at time.Time) string {
		return fmt.Sprintf("COD\t%g\tmg/L\t%s\t00\r\npH\t7.1\t-\t%s\t00\r\n", value, at.In(ict).Format("20060102150405"), at.In(ict).Format("20060102150405"))
	}

	password := p.makeGateway("logger-1", `{"stations": ["amata-01"]}`)
	c, err := ftp.Dial(ftpAddr, ftp.DialWithTimeout(10*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Quit() }()
	if err := c.Login("logger-1", "wrong"); err == nil {
		t.Fatal("a wrong password opens the FTP door")
	}
	if c, err = ftp.Dial(ftpAddr, ftp.DialWithTimeout(10*time.Second)); err != nil {
		t.Fatal(err)
	}
	if err := c.Login("logger-1", password); err != nil {
		t.Fatal(err)
	}
	// The name says nothing of the station: an account of one station means that.
	for range 2 {
		if err := c.Stor("DN_X_"+at.In(ict).Format("20060102150405")+".txt", strings.NewReader(file(31.5, at))); err != nil {
			t.Fatal(err)
		}
	}

	name := filepath.Join(drop, "amata-01_"+at.Add(5*time.Minute).In(ict).Format("20060102150405")+".txt")
	if err := os.WriteFile(name, []byte(file(32.5, at.Add(5*time.Minute))), 0o600); err != nil {
		t.Fatal(err)
	}

	device := p.makeGateway("device-1", `{"stations": ["loteco-01"]}`)
	data := fmt.Sprintf("QN=20260901080500000;ST=32;CN=2011;PW=%s;MN=device-1;Flag=5;CP=&&DataTime=%s;w01018-Rtd=33.5,w01018-Flag=N&&",
		device, at.In(ict).Format("20060102150405"))
	conn, err := net.Dial("tcp", hj)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	fmt.Fprintf(conn, "##%04d%s%04X\r\n", len(data), data, dialect.HJ212Checksum([]byte(data)))
	answer, err := bufio.NewReader(conn).ReadBytes('\n')
	if err != nil || !bytes.Contains(answer, []byte("CN=9014")) {
		t.Fatalf("answer %q, %v", answer, err)
	}

	eventually(t, 30*time.Second, "all three are in history", func() bool {
		amata, err := p.rows("amata-01", "cod", at.Add(-time.Hour))
		loteco, lerr := p.rows("loteco-01", "cod", at.Add(-time.Hour))
		return err == nil && lerr == nil && len(amata) == 2 && len(loteco) == 1 && *amata[0].Value == 31.5 && *amata[1].Value == 32.5 && *loteco[0].Value == 33.5
	})
	// The file that came twice is one in the books.
	var books struct {
		Total struct{ Received, Stored, Quarantined, Duplicate, Revised int }
	}
	p.get("/api/v1/ledger", &books)
	if got := books.Total; got.Received != 7 || got.Stored != 5 || got.Duplicate != 2 || got.Quarantined != 0 {
		t.Errorf("books %+v", got)
	}
	if status, body, err := p.request(http.MethodGet, "/api/v1/quarantine", ""); err != nil || status != http.StatusOK || bytes.Contains(body, []byte(device)) {
		t.Errorf("quarantine %d %v: %s", status, err, body)
	}
}

var ict = time.FixedZone("ICT", 7*60*60)

// Data of an outage come days late: the excess in them is found, told as late, and taken back when what came later still shows that
// it never was. A restart in between changes nothing.
func TestLateDataReopenThePast(t *testing.T) {
	rules := writeFile(t, "rules.yaml", "rules:\n  - {id: over, parameters: [cod], levels: {critical: 1.0}, for: 20m, keep_open: 0s}\n")
	p := startProcess(t, "--data", t.TempDir(), "--mqtt", "off", "--rules", rules)
	now := time.Now().Truncate(5 * time.Minute)
	post := func(from time.Time, n int, value float64) {
		t.Helper()
		var messages []string
		for i := range n {
			messages = append(messages, fmt.Sprintf(`{"station": "amata-01", "measured_at": %q, "values": {"cod": %g}}`,
				from.Add(time.Duration(i)*10*time.Minute).Format(time.RFC3339), value))
		}
		status, body, err := p.request(http.MethodPost, "/api/v1/readings", "["+strings.Join(messages, ",")+"]")
		if err != nil || status != http.StatusAccepted {
			t.Fatalf("%d %s %v", status, body, err)
		}
	}
	type alert struct {
		ID       string `json:"id"`
		State    string
		Revision int
		Late     bool
		OpenedAt time.Time `json:"opened_at"`
	}
	list := func() []alert {
		var page struct{ Items []alert }
		if err := p.tryGet("/api/v1/alerts?station=amata-01", &page); err != nil {
			t.Log(err)
		}
		return page.Items
	}
	post(now.Add(-6*time.Hour), 36, 20) // a calm present
	past := now.Add(-72 * time.Hour)
	post(past, 3, 120) // three days ago: 20 minutes over the limit
	post(past.Add(30*time.Minute), 1, 20)
	eventually(t, 60*time.Second, "the excess of the past is found", func() bool {
		l := list()
		return len(l) == 1 && l[0].State == "resolved" && l[0].Late && l[0].OpenedAt.Equal(past.Add(20*time.Minute))
	})
	p.kill()
	p.start()
	post(past.Add(5*time.Minute), 1, 10) // it was interrupted
	eventually(t, 60*time.Second, "the alert is taken back", func() bool {
		l := list()
		return len(l) == 1 && l[0].State == "withdrawn" && l[0].Revision >= 3
	})
}
