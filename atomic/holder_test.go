package atomic_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/forewrite/forewrite/atomic"
)

func TestHolderIsWrittenAndCleared(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	l := mustLock(t, path)
	h, err := atomic.ReadHolder(path)
	if err != nil {
		t.Fatal(err)
	}
	host, _ := os.Hostname()
	if h.PID != os.Getpid() || !strings.HasPrefix(host, h.Host) || time.Since(h.Since).Abs() > time.Minute {
		t.Errorf("%+v", h)
	}
	if s := h.String(); !strings.HasPrefix(s, "held by process ") {
		t.Error(s)
	}
	if b, err := os.ReadFile(path); err != nil || len(b) > 129 || !strings.HasSuffix(string(b), "\n") {
		t.Errorf("%q, %v", b, err)
	}
	l.Unlock()
	if h, err := atomic.ReadHolder(path); err != nil || h != (atomic.Holder{}) {
		t.Errorf("after Unlock: %v, %v", h, err)
	}
}

func TestReadersAreNotHolders(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	l, err := atomic.RLock(t.Context(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Unlock()
	_, err = atomic.TryLock(path)
	var typed *atomic.Error
	if !errors.As(err, &typed) || typed.Holder != (atomic.Holder{}) {
		t.Errorf("%#v names a holder", err)
	}
}

// Locking the data file itself, by mistake or not, must not change its content.
func TestLockingAFileWithContentLeavesIt(t *testing.T) {
	t.Parallel()
	for _, content := range []string{"x", "data", strings.Repeat("x", 128), strings.Repeat("x", 129), strings.Repeat("pid=1 ", 100), "   \n"} {
		path := filepath.Join(t.TempDir(), "data")
		put(t, path, content)
		mustLock(t, path).Unlock()
		wantContent(t, path, content)
		if _, err := atomic.ReadHolder(path); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("%.20q: %v, want fs.ErrInvalid", content, err)
		}
	}
}

func TestLockingASecondNameLeavesTheFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data, path := filepath.Join(dir, "data"), filepath.Join(dir, "lock")
	put(t, data, "")
	if err := os.Link(data, path); err != nil {
		t.Skip(err)
	}
	l := mustLock(t, path)
	wantContent(t, data, "")
	l.Unlock()
	wantContent(t, data, "")
}

func TestLockFileOfZeroesIsBlank(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	l := mustLock(t, path)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	l.Unlock()
	put(t, path, string(make([]byte, len(b)))) // as a power loss may leave it
	if h, err := atomic.ReadHolder(path); err != nil || h != (atomic.Holder{}) {
		t.Errorf("%v, %v", h, err)
	}
	mustLock(t, path)
	if h, err := atomic.ReadHolder(path); err != nil || h.PID != os.Getpid() {
		t.Errorf("%v, %v", h, err)
	}
}

func TestReadHolderOfAMissingFile(t *testing.T) {
	t.Parallel()
	if _, err := atomic.ReadHolder(filepath.Join(t.TempDir(), "lock")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v, want fs.ErrNotExist", err)
	}
}
