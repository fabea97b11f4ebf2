package ftp

import (
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"time"

	ftpserver "github.com/fclairamb/ftpserverlib"
)

// download is a file on its way back to the logger that brought it.
type download struct {
	*os.File
	timeout time.Duration
}

func (f *folder) download(p string, offset int64) (ftpserver.FileTransfer, error) {
	root := f.account.tree()
	file, err := root.Open(coming(p))
	if errors.Is(err, fs.ErrNotExist) {
		file, err = root.Open(whole(p))
	}
	if err != nil {
		return nil, err
	}
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() || offset < 0 || offset > info.Size() {
		_ = file.Close()
		return nil, errNoChange
	}
	return &download{file, f.srv.opts.DataTimeout}, nil
}

// WriteTo sends the file, and gives up when the other side takes nothing.
func (d *download) WriteTo(w io.Writer) (total int64, err error) {
	buf := make([]byte, 32<<10)
	for {
		n, err := d.Read(buf)
		if errors.Is(err, io.EOF) {
			return total, nil
		}
		if err != nil {
			return total, err
		}
		if c, ok := w.(net.Conn); ok {
			_ = c.SetWriteDeadline(time.Now().Add(d.timeout))
		}
		m, err := w.Write(buf[:n])
		total += int64(m)
		if err != nil {
			return total, err
		}
	}
}
