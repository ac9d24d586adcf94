package atomic

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strconv"
	"time"

	"github.com/forewrite/forewrite/internal/fsx"
)

// Holder is the process that holds a lock exclusively. The zero Holder means that
// there is none, or that it is not known.
type Holder struct {
	PID   int
	Host  string
	Since time.Time // to the second
}

// String returns "held by process 12 on db1 since 2026-01-31T12:00:00Z".
func (h Holder) String() string {
	if h == (Holder{}) {
		return "no known holder"
	}
	return fmt.Sprintf("held by process %d on %s since %s", h.PID, h.Host, h.Since.Format(time.RFC3339))
}

// ReadHolder reads from a lock file which process holds the lock exclusively, or
// held it when it was killed. It is for messages: only [TryLock] finds out whether
// the lock is free. A file with other content is fs.ErrInvalid.
func ReadHolder(path string) (Holder, error) {
	h, err := readHolder(hostFS{}, path)
	return h, wrap("read holder", path, err)
}

// The holder is one line, always of the same length: it is overwritten in place,
// which does not change the size and can't leave a part of the line before.
//
//	pid=4711 host=db1 since=2026-01-31T12:00:00Z
const holderSize = 128

// holderOffset: on Windows the lock is on the first byte, and no other process can
// read a locked byte.
var holderOffset = func() int64 {
	if runtime.GOOS == "windows" {
		return 1
	}
	return 0
}()

// dead reports whether the process has ended. Of another host that is not known.
func (h Holder) dead() bool { return h.Host == fsx.HostName() && !fsx.ProcessAlive(h.PID) }

func (h Holder) line() []byte {
	b := make([]byte, 0, holderSize)
	b = append(b, "pid="...)
	b = strconv.AppendInt(b, int64(h.PID), 10)
	b = append(b, " host="...)
	b = append(b, h.Host...)
	b = append(b, " since="...)
	b = h.Since.UTC().AppendFormat(b, time.RFC3339)
	return pad(b)
}

func pad(b []byte) []byte {
	for len(b) < holderSize-1 {
		b = append(b, ' ')
	}
	return append(b, '\n')
}

// parseHolder parses a line. A blank one means that there is no holder, and so does
// one of zeroes, which a power loss may leave.
func parseHolder(line []byte) (h Holder, ok bool) {
	fields := bytes.Fields(bytes.Trim(line, "\x00"))
	if len(fields) == 0 {
		return Holder{}, true
	}
	if len(fields) != 3 {
		return Holder{}, false
	}
	pid, ok1 := bytes.CutPrefix(fields[0], []byte("pid="))
	host, ok2 := bytes.CutPrefix(fields[1], []byte("host="))
	since, ok3 := bytes.CutPrefix(fields[2], []byte("since="))
	if !ok1 || !ok2 || !ok3 {
		return Holder{}, false
	}
	var err1, err2 error
	h.PID, err1 = strconv.Atoi(string(pid))
	h.Since, err2 = time.Parse(time.RFC3339, string(since))
	h.Host = string(host)
	if err1 != nil || err2 != nil {
		return Holder{}, false
	}
	return h, true
}

func readHolder(fsys filesystem, path string) (Holder, error) {
	f, _, err := openRegular(fsys, path)
	if err != nil {
		return Holder{}, err
	}
	defer f.Close()
	return holderIn(f)
}

// currentHolder is the holder for an error message: the zero Holder if there is none
// or it can't be read.
func currentHolder(fsys filesystem, path string) Holder {
	if !closeKeepsLock { // none was written, and to look for one would release a lock
		return Holder{}
	}
	h, err := readHolder(fsys, path)
	if err != nil || h.dead() {
		return Holder{}
	}
	return h
}

func holderIn(f *os.File) (Holder, error) {
	b := make([]byte, holderSize+1) // one more shows that the file is longer
	n, err := f.ReadAt(b, holderOffset)
	if err != nil && err != io.EOF {
		return Holder{}, err
	}
	h, ok := parseHolder(b[:n])
	if !ok || n != 0 && n != holderSize {
		return Holder{}, fmt.Errorf("%w: not the content of a lock file", fs.ErrInvalid)
	}
	return h, nil
}

// writeHolder writes this process into the lock file that it has just locked. That
// is best effort, and a file with other content or more than one hard link is left
// alone, because it may be no lock file.
func writeHolder(fsys filesystem, path string, info fs.FileInfo) *os.File {
	if n, ok := fsx.Nlink(info); ok && n != 1 || !closeKeepsLock {
		return nil
	}
	if info.Size() != 0 && info.Size() != holderOffset+holderSize {
		return nil
	}
	f, err := fsys.OpenFile(path, os.O_RDWR|fsx.NoFollow, 0)
	if err != nil {
		return nil
	}
	if info.Size() != 0 {
		if _, err := holderIn(f); err != nil {
			f.Close()
			return nil
		}
	}
	h := Holder{PID: os.Getpid(), Host: fsx.HostName(), Since: time.Now()}
	if _, err := f.WriteAt(h.line(), holderOffset); err != nil {
		f.Close()
		return nil
	}
	return f
}

// clearHolder comes before the unlock, so that it can't erase the next holder.
// Without it, later error messages would name a process that holds nothing.
func clearHolder(f *os.File) {
	if f != nil {
		f.WriteAt(pad(make([]byte, 0, holderSize)), holderOffset)
		f.Close()
	}
}
