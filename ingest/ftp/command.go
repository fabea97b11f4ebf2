package ftp

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"time"
)

// maxLine is the longest command, in bytes.
const maxLine = 2048

// Read hands the library one command at a time.
func (c *control) Read(p []byte) (int, error) {
	for len(c.line) == 0 {
		line, err := c.readLine()
		if err == nil {
			c.line, err = c.filter(line)
		}
		if err != nil {
			c.mu.Lock()
			c.gone = true
			c.mu.Unlock()
			return 0, err
		}
	}
	n := copy(p, c.line)
	c.line = c.line[n:]
	return n, nil
}

var (
	errLongLine  = errors.New("the command is too long")
	errPipelined = errors.New("commands came behind AUTH in clear")
)

func (c *control) readLine() (line []byte, err error) {
	for {
		_ = c.raw.SetReadDeadline(c.readDeadline())
		part, err := c.r.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > maxLine:
			c.reply("500 " + errLongLine.Error())
			return nil, errLongLine
		case err == nil:
			return line, nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, os.ErrDeadlineExceeded) && c.busy():
		case errors.Is(err, os.ErrDeadlineExceeded):
			c.reply("421 Nothing was heard for too long")
			return nil, io.EOF // the library would say so as well
		default:
			return nil, err
		}
	}
}

func (c *control) readDeadline() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.folder == nil {
		return c.deadline
	}
	return time.Now().Add(c.srv.opts.IdleTimeout)
}

// offered are the commands that the library gets to see.
const offered = " USER PASS PROT PBSZ CLNT FEAT SYST NOOP OPTS QUIT SIZE STAT MDTM RETR STOR APPE DELE RNFR RNTO ALLO REST CWD XCWD PWD XPWD" +
	" CDUP NLST LIST MLSD MLST MKD XMKD RMD XRMD TYPE MODE PASV EPSV PORT EPRT "

// filter returns what the library shall read in the place of a command; nothing when it was answered here.
//
// The library runs transfers in a goroutine of their own and lets other commands wait for it, except ABOR, a bare STAT and those that
// it does not know, which would write to the connection at the same time. So it sees ABOR only while data flow, when it locks.
func (c *control) filter(line []byte) ([]byte, error) {
	verb, arg, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(string(line))), " ")
	switch {
	case verb == "AUTH":
		return nil, c.upgrade(arg)
	case verb == "TYPE" && strings.HasPrefix(arg, "A"):
		return []byte("TYPE I\r\n"), nil
	case strings.HasSuffix(verb, "ABOR") && c.isOpen(): // behind Telnet's marks, as a rule
		return []byte("ABOR\r\n"), nil
	case strings.HasSuffix(verb, "ABOR"), verb == "STRU" && arg == "F", verb == "STAT" && arg == "":
		return []byte("NOOP\r\n"), nil
	case verb == "XCUP":
		return []byte("CDUP\r\n"), nil
	case verb == "" || !strings.Contains(offered, " "+verb+" "):
		return []byte("HELP\r\n"), nil // which is answered by 502
	}
	return line, nil
}

func (c *control) isOpen() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.open
}

func (c *control) upgrade(mechanism string) error {
	switch {
	case c.srv.opts.TLS == nil:
		c.reply("502 There is no TLS here")
		return nil
	case mechanism != "TLS" && mechanism != "TLS-C" && mechanism != "SSL":
		c.reply("504 Only AUTH TLS")
		return nil
	case c.isSecure() || c.busy():
		c.reply("503 Not now")
		return nil
	}
	c.reply("234 Go on with TLS")
	if c.r.Buffered() > 0 {
		return errPipelined
	}
	var conn net.Conn = tls.Server(c.raw, c.srv.opts.TLS)
	ctx, cancel := context.WithTimeout(c.ctx, c.srv.opts.LoginTimeout)
	defer cancel()
	_ = c.raw.SetDeadline(time.Time{})
	if err := conn.(*tls.Conn).HandshakeContext(ctx); err != nil {
		return err
	}
	c.conn.Store(&conn)
	c.r.Reset(conn)
	c.mu.Lock()
	c.secure = true
	c.mu.Unlock()
	return nil
}
