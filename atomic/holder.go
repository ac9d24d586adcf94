package atomic

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/forewrite/forewrite/internal/fsx"
)

// Holder is who holds a lock exclusively. The zero Holder is nobody.
type Holder struct {
	PID   int
	Host  string
	Since time.Time // to the second
}

func (h Holder) String() string {
	if h == (Holder{}) {
		return "held by nobody"
	}
	return fmt.Sprintf("held by process %d on %s since %s", h.PID, h.Host, h.Since.Format(time.RFC3339))
}

// ReadHolder reads from a lock file who holds the lock exclusively, or who did when
// they were killed. It is for messages: whether the lock is free, only [TryLock]
// can tell. A file with other content is fs.ErrInvalid.
func ReadHolder(path string) (Holder, error) {
	h, err := readHolder(host{}, path)
	return h, wrap("read holder", path, err)
}

// The holder is one line, always of the same length: it is overwritten in place,
// which costs no change of size and can't leave a part of the one before.
//
//	pid=4711 host=db1 since=2026-01-31T12:00:00Z
const (
	holderSize  = 128
	maxHostSize = 64
)

// holderOffset: on Windows the lock is on the first byte, and what is locked there
// nobody else can read.
var holderOffset = func() int64 {
	if runtime.GOOS == "windows" {
		return 1
	}
	return 0
}()

var hostname = sync.OnceValue(func() string {
	name, err := os.Hostname()
	if err != nil || name == "" {
		return "unknown"
	}
	name = strings.Join(strings.Fields(name), "-")
	return name[:min(len(name), maxHostSize)]
})

// gone tells a holder that was killed, as far as that can be seen from here.
func (h Holder) gone() bool { return h.Host == hostname() && !fsx.ProcessAlive(h.PID) }

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

// parseHolder: blank means nobody, and so does a line of zeroes, which is what a
// power loss may leave.
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

func readHolder(t tree, path string) (Holder, error) {
	f, _, err := openRegular(t, path)
	if err != nil {
		return Holder{}, err
	}
	defer f.Close()
	return holderIn(f)
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

// noteHolder writes this process into the lock file that it has just locked. Best
// effort, and careful: a file with other content, or with a second name somewhere,
// is perhaps no lock file and is left alone.
func noteHolder(t tree, path string, info fs.FileInfo) *os.File {
	if n, ok := fsx.Nlink(info); ok && n != 1 || !notesHolders {
		return nil
	}
	if info.Size() != 0 && info.Size() != holderOffset+holderSize {
		return nil
	}
	f, err := t.OpenFile(path, os.O_RDWR|fsx.NoFollow, 0)
	if err != nil {
		return nil
	}
	if info.Size() != 0 {
		if _, err := holderIn(f); err != nil {
			f.Close()
			return nil
		}
	}
	h := Holder{PID: os.Getpid(), Host: hostname(), Since: time.Now()}
	if _, err := f.WriteAt(h.line(), holderOffset); err != nil {
		f.Close()
		return nil
	}
	return f
}

// clearHolder comes before the unlock, so that it can't wipe out the next one. It
// keeps a later error message from naming who has long been gone.
func clearHolder(note *os.File) {
	if note != nil {
		note.WriteAt(pad(make([]byte, 0, holderSize)), holderOffset)
		note.Close()
	}
}
