package atomic

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/forewrite/forewrite/internal/lockwait"
)

func TestIsSameFileNoticesWhatHappenedToThePath(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		change func(path string) error
		want   bool
		err    error
	}{
		"nothing":          {func(string) error { return nil }, true, nil},
		"removed":          {os.Remove, false, nil},
		"replaced":         {func(p string) error { return os.Rename(p+".other", p) }, false, nil},
		"now a link":       {func(p string) error { return errors.Join(os.Remove(p), os.Symlink(p+".other", p)) }, false, ErrSymlink},
		"a link to itself": {func(p string) error { return errors.Join(os.Rename(p, p+".moved"), os.Symlink(p+".moved", p)) }, false, ErrSymlink},
	} {
		path := filepath.Join(t.TempDir(), "lock")
		for _, name := range []string{path, path + ".other"} {
			if err := os.WriteFile(name, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.change(path); err != nil {
			t.Skip(err)
		}
		got, err := isSameFile(hostFS{}, path, info)
		if got != c.want || err != c.err {
			t.Errorf("%s: %v, %v", what, got, err)
		}
	}
}

func newLockTable() *lockTable {
	return &lockTable{entries: map[string]*tableEntry{}, held: map[*FileLock]*tableEntry{}}
}

func TestLockTableIsFirstComeFirstServed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := newLockTable()
		e, err := table.acquire("k", exclusive, lockwait.New(t.Context(), 0, nil))
		if err != nil {
			t.Fatal(err)
		}
		const order = "rrwrw" // readers next to each other acquire it together
		acquired := make(chan byte, len(order))
		for i := range order {
			go func() {
				if _, err := table.acquire("k", order[i] == 'w', lockwait.New(t.Context(), time.Minute, nil)); err != nil {
					t.Error(err)
				}
				acquired <- order[i]
			}()
			synctest.Wait() // it is in the queue before the next one comes
		}
		expect := func(want string) {
			t.Helper()
			synctest.Wait()
			got := ""
			for len(acquired) > 0 {
				got += string(<-acquired)
			}
			if got != want {
				t.Errorf("%q acquired it, want %q", got, want)
			}
		}
		expect("")
		table.release(e, exclusive)
		expect("rr")
		table.release(e, shared)
		expect("")
		table.release(e, shared)
		expect("w")
		table.release(e, exclusive)
		expect("r")
		table.release(e, shared)
		expect("w")
		table.release(e, exclusive)
		if len(table.entries) != 0 {
			t.Error("the entry is left after its last user")
		}
	})
}

func TestAWaiterThatGivesUpLeavesTheQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := newLockTable()
		e, err := table.acquire("k", shared, lockwait.New(t.Context(), 0, nil))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := table.acquire("k", exclusive, lockwait.New(t.Context(), time.Second, nil)); !errors.Is(err, ErrLocked) {
			t.Fatalf("%v, want ErrLocked", err)
		}
		if _, err := table.acquire("k", shared, lockwait.New(t.Context(), -1, nil)); err != nil {
			t.Errorf("a reader after the writer gave up: %v", err)
		}
		table.release(e, shared)
		table.release(e, shared)
		if len(table.entries) != 0 {
			t.Error("the entry is left after its last user")
		}
	})
}

func TestTempNamesAreShortAndUnique(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"f", "config.json", strings.Repeat("n", 255), strings.Repeat("ü", 127), strings.Repeat("\xff", 255), ".hidden"} {
		name := newTempName(base)
		if !isTempName(name) || len(name) > 100 || utf8.ValidString(base) != utf8.ValidString(name) {
			t.Errorf("%.20q: %q", base, name)
		}
		if pid, ok := ownerOf(name); !ok || pid != os.Getpid() {
			t.Errorf("%q: owner %d, %v", name, pid, ok)
		}
		if newTempName(base) == name {
			t.Errorf("%q twice", name)
		}
	}
}

func TestRetrySharedReturnsOtherErrorsAtOnce(t *testing.T) {
	t.Parallel()
	for _, want := range []error{nil, fs.ErrPermission, fs.ErrNotExist} {
		calls := 0
		if err := retryShared(func() error { calls++; return want }); err != want || calls != 1 {
			t.Errorf("%v after %d calls, want %v after one", err, calls, want)
		}
	}
}

func TestErrorMessages(t *testing.T) {
	t.Parallel()
	since := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	temp := "conf/" + newTempName("app.toml")
	for _, c := range []struct {
		err  error
		want string
	}{
		{&Error{Op: "write", Path: "conf/app.toml", Err: &os.LinkError{Op: "rename", Old: temp, New: "conf/app.toml", Err: fs.ErrPermission}},
			"atomic: write conf/app.toml: rename: permission denied"},
		{&Error{Op: "write", Path: "conf/app.toml", Err: &fs.PathError{Op: "open", Path: temp, Err: fs.ErrPermission}},
			"atomic: write conf/app.toml: open: permission denied"},
		{&Error{Op: "write", Path: "conf/app.toml", Err: &fs.PathError{Op: "mkdir", Path: "conf", Err: fs.ErrPermission}},
			"atomic: write conf/app.toml: mkdir conf: permission denied"},
		{&Error{Op: "write", Path: "conf/app.toml", Err: ErrConflict},
			"atomic: write conf/app.toml: the file has changed since the expected version"},
		{&Error{Op: "write", Path: "app.toml", Err: &fs.PathError{Op: "lstat", Path: "/srv/app.toml", Err: fs.ErrPermission}},
			"atomic: write app.toml: lstat: permission denied"},
		{&Error{Op: "lock", Path: "app.lock", Err: ErrLocked, Holder: Holder{12, "db1", since}},
			"atomic: lock app.lock: locked by another process or goroutine (held by process 12 on db1 since 2026-01-31T12:00:00Z)"},
		{&Error{Op: "lock", Path: "app.lock", Err: &fs.PathError{Op: "open", Path: "app.lock", Err: fs.ErrPermission}},
			"atomic: lock app.lock: open: permission denied"},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("%s\nwant %s", got, c.want)
		}
	}
}
