package atomic

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestLeadsToNoticesWhatHappenedToThePath(t *testing.T) {
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
		got, err := leadsTo(host{}, path, info)
		if got != c.want || err != c.err {
			t.Errorf("%s: %v, %v", what, got, err)
		}
	}
}

func TestGateIsFirstComeFirstServed(t *testing.T) {
	t.Parallel()
	table := gateTable{byKey: map[string]*gate{}, held: map[*FileLock]*gate{}}
	g, err := table.enter("k", exclusive, newPatience(t.Context(), -1))
	if err != nil {
		t.Fatal(err)
	}
	const order = "rrwrw" // readers next to each other go in together
	entered := make(chan byte)
	for i := range order {
		go func() {
			if _, err := table.enter("k", order[i] == 'w', newPatience(context.Background(), 10*time.Second)); err != nil {
				t.Error(err)
			}
			entered <- order[i]
		}()
		for queued := 0; queued != i+1; { // it stands in the queue before the next comes
			table.mu.Lock()
			queued = len(g.queue)
			table.mu.Unlock()
			time.Sleep(time.Millisecond)
		}
	}
	expect := func(want string) {
		t.Helper()
		for range want {
			if got := <-entered; string(got) != want[:1] {
				t.Errorf("%c came, want %s", got, want)
			}
		}
		select {
		case got := <-entered:
			t.Errorf("%c came beside %s", got, want)
		case <-time.After(20 * time.Millisecond):
		}
	}
	table.leave(g, exclusive)
	expect("rr")
	table.leave(g, shared)
	table.leave(g, shared)
	expect("w")
	table.leave(g, exclusive)
	expect("r")
	table.leave(g, shared)
	expect("w")
	table.leave(g, exclusive)
	if len(table.byKey) != 0 {
		t.Error("the gate outlives its users")
	}
}

func TestAGateIsLeftByWhoGivesUp(t *testing.T) {
	t.Parallel()
	table := gateTable{byKey: map[string]*gate{}, held: map[*FileLock]*gate{}}
	g, err := table.enter("k", shared, newPatience(t.Context(), -1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := table.enter("k", exclusive, newPatience(t.Context(), 10*time.Millisecond)); !errors.Is(err, ErrLockTimeout) {
		t.Fatalf("%v, want ErrLockTimeout", err)
	}
	if _, err := table.enter("k", shared, newPatience(t.Context(), noWait)); err != nil {
		t.Errorf("a reader after the writer gave up: %v", err)
	}
	table.leave(g, shared)
	table.leave(g, shared)
	if len(table.byKey) != 0 {
		t.Error("the gate outlives its users")
	}
}

func TestAZeroTimeoutIsHalfAMinute(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]time.Duration{0: 30 * time.Second, time.Second: time.Second, -1: -1} {
		if p := newPatience(t.Context(), timeoutOf([]LockOption{LockTimeout(d)})); p.limit != want {
			t.Errorf("%v: %v, want %v", d, p.limit, want)
		}
	}
	if p := newPatience(t.Context(), timeoutOf(nil)); p.limit != 30*time.Second {
		t.Errorf("no option: %v", p.limit)
	}
}

func TestTempNamesAreShortAndTheirOwn(t *testing.T) {
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

func TestPatiently(t *testing.T) {
	t.Parallel()
	for _, want := range []error{nil, fs.ErrPermission, fs.ErrNotExist} {
		calls := 0
		if err := patiently(func() error { calls++; return want }); err != want || calls != 1 {
			t.Errorf("%v after %d calls, want %v after one", err, calls, want)
		}
	}
}

func TestErrorsReadWell(t *testing.T) {
	t.Parallel()
	since := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	temp := "conf/" + newTempName("app.toml")
	for _, c := range []struct {
		err  error
		want string
	}{
		{&Error{"write", "conf/app.toml", &os.LinkError{Op: "rename", Old: temp, New: "conf/app.toml", Err: fs.ErrPermission}},
			"atomic: write conf/app.toml: rename: permission denied"},
		{&Error{"write", "conf/app.toml", &fs.PathError{Op: "open", Path: temp, Err: fs.ErrPermission}},
			"atomic: write conf/app.toml: open: permission denied"},
		{&Error{"write", "conf/app.toml", &fs.PathError{Op: "mkdir", Path: "conf", Err: fs.ErrPermission}},
			"atomic: write conf/app.toml: mkdir conf: permission denied"},
		{&Error{"write", "conf/app.toml", ErrConflict},
			"atomic: write conf/app.toml: the file has changed"},
		{&LockError{Path: "app.lock", Err: ErrLockTimeout, Holder: Holder{12, "db1", since}},
			"atomic: lock app.lock: busy (held by process 12 on db1 since 2026-01-31T12:00:00Z)"},
		{&LockError{Path: "app.lock", Err: &fs.PathError{Op: "open", Path: "app.lock", Err: fs.ErrPermission}},
			"atomic: lock app.lock: open: permission denied"},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("%s\nwant %s", got, c.want)
		}
	}
}
