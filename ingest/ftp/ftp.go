// Package ftp is the file door: an FTP and FTPS server for the files of Circular 10/2021, and a watched folder (Drop).
//
// ftpserverlib speaks the protocol; accounts, folders and what counts as accepted are this package's own. Promises of the server:
//
//   - 226 after a STOR or APPE, and 250 after the rename of a temporary name, are sent only after Submit called back without an
//     error, which means on disk. What could not be stored gets 451: the logger sends it again.
//   - A file under a temporary name (.tmp, .part, .filepart and their like) is kept, synced, until it is renamed; it is accepted
//     under its final name. One that nobody renames within Options.RenameWait is accepted as it is: its 226 was a promise.
//   - An upload that breaks off is not accepted. What came is kept for a while, so that REST or APPE can go on behind it. A
//     connection that is gone when its data ends counts as broken off, since a killed sender looks like one that is done. An
//     encrypted upload may end without close_notify, which many loggers do not send, but not within a record.
//   - Bytes are kept as they came: TYPE A changes nothing.
//   - An account sees a folder of its own and nothing else, whatever names it uses. Names are resolved inside an os.Root. Folders
//     need not be made first: CWD and STOR make them, since a logger expects those of the server that it was set up for.
//   - Accepted files stay visible, readable and removable for Options.Keep, within Options.MaxFiles and Options.MaxFolderBytes
//     for each account; the oldest go first. Removing one takes nothing out of the log.
//   - More than ingest.MaxBody bytes get 552; the first 64 KiB are submitted as too large, once for each such file.
//   - Lines that are appended to an accepted file are a delivery of their own, without those before them; any other upload
//     is delivered whole, also when it was delivered before: the books know duplicates.
//   - Everything is bounded: connections in all and for each account, time to sign in, time between commands, time without
//     data, bytes in memory. A wrong password costs at least Options.RefusalDelay and the connection.
//
// Control connections are served over IPv4 and IPv6; PASV needs IPv4, EPSV does not.
package ftp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	ftpserver "github.com/fclairamb/ftpserverlib"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/semaphore"

	"quantrac/ingest"
)

// AllStations permits every station, as an entry of Account.Stations.
const AllStations = "*"

// Account is who a logger proved to be.
type Account struct {
	// Gateway names it in the log and the ledger, and its folder.
	Gateway string
	// Stations are the ids that it may deliver for; AllStations permits all, an empty list none.
	Stations []string
}

// allowed is the form of Delivery.Allowed, where nil permits all.
func (a Account) allowed() func(string) bool {
	if slices.Contains(a.Stations, AllStations) {
		return nil
	}
	return func(station string) bool { return slices.Contains(a.Stations, station) }
}

// PortRange is a range of TCP ports, both ends included; the zero value is any port.
type PortRange struct{ First, Last int }

// Options of the server. Dir, Authenticate, Submit and one of the addresses are required; zero limits take the defaults that
// are named here.
type Options struct {
	// Listen is the address for FTP and, with TLS, explicit FTPS (AUTH TLS); "" = none.
	Listen string
	// ListenImplicit is the address for implicit FTPS, where TLS comes first; it needs TLS; "" = none.
	ListenImplicit string
	// PassivePorts are the ports for data connections, to be opened in a firewall.
	PassivePorts PortRange
	// PublicHost is the IPv4 address that PASV answers with behind NAT; "" = the one that the logger connected to.
	PublicHost string
	// TLS, when not nil, offers AUTH TLS. RequireTLS refuses sign-in and transfers without it.
	TLS        *tls.Config
	RequireTLS bool

	// Authenticate judges a login; remote is host:port. It may block; it must compare in constant time.
	Authenticate func(ctx context.Context, user, password, remote string) (Account, bool)
	// Submit queues a delivery; see ingest.Door. It may block, done must not be expected to.
	Submit ingest.Submit
	// Dir holds the folders of the accounts.
	Dir string

	// MaxConnections is how many may be connected; 2,000. More take the place of one that did not sign in yet. MaxPerAccount is how many of one account; 16.
	MaxConnections, MaxPerAccount int
	// MaxFile is the largest file in bytes; ingest.MaxBody.
	MaxFile int
	// MaxFiles is how many files and folders an account may see; 2,000. MaxFolderBytes is their size in all; 64 MiB.
	MaxFiles, MaxFolderBytes int
	// MaxMemory is how many bytes of files may be on their way into the log at a time; 64 MiB. More uploads wait.
	MaxMemory int
	// LoginTimeout bounds TLS handshake and sign-in; 30 s. IdleTimeout is the time between commands; 15 min.
	LoginTimeout, IdleTimeout time.Duration
	// DataTimeout is how long a transfer may stand still; 60 s.
	DataTimeout time.Duration
	// RefusalDelay is how long a wrong password takes at least; 1 s.
	RefusalDelay time.Duration
	// RenameWait is how long a temporary name is waited for; 1 h. Keep is how long other files are kept; 48 h.
	RenameWait, Keep time.Duration
	// DrainTimeout bounds the wait for outstanding answers at the end of Serve; 5 s.
	DrainTimeout time.Duration

	Logger *slog.Logger
	// Metrics, when not nil, gets the server's collectors.
	Metrics prometheus.Registerer
	// Now is the clock for Delivery.ReceivedAt and the age of files; time.Now.
	Now func() time.Time
}

func (o *Options) setDefaults() {
	def(&o.MaxConnections, 2000)
	def(&o.MaxPerAccount, 16)
	def(&o.MaxFile, ingest.MaxBody)
	def(&o.MaxFiles, 2000)
	def(&o.MaxFolderBytes, 64<<20)
	def(&o.MaxMemory, 64<<20)
	def(&o.LoginTimeout, 30*time.Second)
	def(&o.IdleTimeout, 15*time.Minute)
	def(&o.DataTimeout, time.Minute)
	def(&o.RefusalDelay, time.Second)
	def(&o.RenameWait, time.Hour)
	def(&o.Keep, 48*time.Hour)
	def(&o.DrainTimeout, 5*time.Second)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
}

func def[T int | time.Duration](field *T, otherwise T) {
	if *field <= 0 {
		*field = otherwise
	}
}

func (o *Options) validate() error {
	switch {
	case o.Submit == nil || o.Authenticate == nil || o.Dir == "":
		return errors.New("no Submit, no Authenticate or no Dir")
	case o.Listen == "" && o.ListenImplicit == "":
		return errors.New("no address to listen on")
	case o.TLS == nil && (o.RequireTLS || o.ListenImplicit != ""):
		return errors.New("TLS is required, but there is no certificate")
	case o.PublicHost != "" && net.ParseIP(o.PublicHost).To4() == nil:
		return fmt.Errorf("public host %q is no IPv4 address, the only kind that PASV can answer with", o.PublicHost)
	case o.PassivePorts.First < 0 || o.PassivePorts.Last > 65535 || o.PassivePorts.First > o.PassivePorts.Last:
		return fmt.Errorf("passive ports %d-%d are no range of ports", o.PassivePorts.First, o.PassivePorts.Last)
	}
	return nil
}

// Server is a listening FTP server.
type Server struct {
	opts    Options
	log     *slog.Logger
	metrics *metrics
	doors   []*door
	memory  *semaphore.Weighted

	// submitCtx outlives the context of Serve by the drain, so that what was uploaded is still submitted.
	submitCtx context.Context
	// draining is closed when Serve begins to end; no upload goes on after that.
	draining chan struct{}

	mu       sync.Mutex
	controls map[*control]struct{}
	// strangers did not sign in yet. changes counts the accounts that changed.
	strangers map[*control]struct{}
	changes   int
	accounts  map[string]*account
}

// Open makes the folder and listens. Loggers are answered from Serve on.
func Open(opts Options) (*Server, error) {
	opts.setDefaults()
	if err := opts.validate(); err != nil {
		return nil, fmt.Errorf("open FTP server: %w", err)
	}
	// An absolute path stays right whatever the process does with its working directory.
	dir, err := filepath.Abs(opts.Dir)
	if err != nil {
		return nil, fmt.Errorf("open FTP server: %w", err)
	}
	opts.Dir = dir
	if err := os.MkdirAll(opts.Dir, folderMode); err != nil {
		return nil, fmt.Errorf("open FTP server: %w", err)
	}
	m, err := newMetrics(opts.Metrics)
	if err != nil {
		return nil, fmt.Errorf("open FTP server: %w", err)
	}
	s := &Server{
		opts: opts, log: opts.Logger, metrics: m, memory: semaphore.NewWeighted(int64(opts.MaxMemory)), draining: make(chan struct{}),
		controls: map[*control]struct{}{}, strangers: map[*control]struct{}{}, accounts: map[string]*account{},
	}
	for _, d := range []door{{addr: opts.Listen}, {addr: opts.ListenImplicit, implicit: true}} {
		if d.addr == "" {
			continue
		}
		if err := s.listen(&d); err != nil {
			return nil, errors.Join(fmt.Errorf("open FTP server: %w", err), s.Close())
		}
	}
	return s, nil
}

func (s *Server) listen(d *door) error {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", d.addr)
	if err != nil {
		return err
	}
	d.srv, d.Listener = s, l
	d.lib = ftpserver.NewFtpServer(&driver{srv: s, door: d})
	s.doors = append(s.doors, d)
	return nil
}

// Addr is the address that the server listens on, that of implicit FTPS if there is no other.
func (s *Server) Addr() net.Addr { return s.doors[0].Addr() }

// AddrImplicit is the address of implicit FTPS; nil = there is none.
func (s *Server) AddrImplicit() net.Addr {
	if d := s.doors[len(s.doors)-1]; d.implicit {
		return d.Addr()
	}
	return nil
}

// Close stops listening. It is for a server that is not served; Serve closes by itself.
func (s *Server) Close() error {
	var all error
	for _, d := range s.doors {
		if err := d.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			all = errors.Join(all, fmt.Errorf("close FTP server: %w", err))
		}
	}
	return all
}

// Serve answers loggers until ctx ends, then stops accepting and reading, waits for the answers that are due, at most
// Options.DrainTimeout, and returns nil. It is called once.
func (s *Server) Serve(ctx context.Context) error {
	submitCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	s.submitCtx = submitCtx
	var running sync.WaitGroup
	failed := make(chan error, len(s.doors))
	for _, d := range s.doors {
		running.Go(func() {
			if err := d.lib.ListenAndServe(); err != nil {
				failed <- fmt.Errorf("serve FTP: %w", err)
			}
		})
	}
	cleaning, stopCleaning := context.WithCancel(ctx)
	running.Go(func() { s.cleanFromTimeToTime(cleaning) })

	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	stopCleaning()
	err = errors.Join(err, s.Close())
	running.Wait()
	s.drain()
	cancel()
	s.closeAll()
	return err
}

// Disconnect ends the connections of a gateway, whose account was changed or taken away. Who is signing in just now is refused,
// since he may have been judged by what was.
func (s *Server) Disconnect(gateway string) {
	s.mu.Lock()
	s.changes++
	s.mu.Unlock()
	for _, c := range s.connections() {
		if c.gateway() == gateway {
			c.goodbye("421 The account has changed")
		}
	}
}

// drain lets uploads that came whole get their answer, and cuts what is still coming.
func (s *Server) drain() {
	close(s.draining)
	deadline := time.Now().Add(s.opts.DrainTimeout)
	all := s.connections()
	for _, c := range all {
		c.cutData()
	}
	for _, c := range all {
		if !c.settle(deadline) {
			s.log.Warn("ftp client left without its answer", "gateway", c.gateway())
		}
	}
}

// closeAll ends every connection and waits until nobody uses a folder any more, but not for a connection that the library is
// still trying to make.
func (s *Server) closeAll() {
	const enough = 2 * time.Second
	all := s.connections()
	for _, c := range all {
		c.goodbye("421 The server is stopping")
	}
	timeout := time.NewTimer(enough)
	defer timeout.Stop()
	for _, c := range all {
		select {
		case <-c.ended:
		case <-timeout.C:
			return
		}
	}
}

func (s *Server) connections() []*control {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*control, 0, len(s.controls))
	for c := range s.controls {
		all = append(all, c)
	}
	return all
}
