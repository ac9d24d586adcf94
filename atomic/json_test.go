package atomic_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/forewrite/forewrite/atomic"
)

type counter struct {
	N int `json:"n"`
}

// childIncrement is one of many processes, with many goroutines each.
func childIncrement() {
	var goroutines, increments int
	fmt.Sscan(os.Args[2], &goroutines)
	fmt.Sscan(os.Args[3], &increments)
	var all sync.WaitGroup
	for range goroutines {
		all.Go(func() {
			for range increments {
				err := atomic.UpdateJSON(context.Background(), os.Args[1], func(c *counter, _ bool) error {
					c.N++
					return nil
				}, &atomic.Options{NoSync: true, Lock: atomic.LockOptions{Timeout: time.Minute}})
				childFatal(err)
			}
		})
	}
	all.Wait()
}

func TestNoUpdateIsLost(t *testing.T) {
	const processes, goroutines, increments = 8, 8, 200
	dir := t.TempDir()
	name := filepath.Join(dir, "counter.json")
	var all sync.WaitGroup
	for range processes {
		cmd := child(t, "increment", name, fmt.Sprint(goroutines), fmt.Sprint(increments))
		all.Go(func() {
			if err := cmd.Run(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	c, err := atomic.ReadJSON[counter](name)
	if err != nil {
		t.Fatal(err)
	}
	if want := processes * goroutines * increments; c.N != want {
		t.Errorf("%d increments, want %d", c.N, want)
	}
	wantNames(t, dir, "counter.json", "counter.json.lock")
}

func TestWriteJSONIsForPeople(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "f.json")
	v := map[string]any{"a": "<b> & c", "list": []int{1}}
	if err := atomic.WriteJSON(name, v, nil); err != nil {
		t.Fatal(err)
	}
	wantContent(t, name, "{\n  \"a\": \"<b> & c\",\n  \"list\": [\n    1\n  ]\n}\n")
}

func TestWriteJSONOfAValueThatCannotBeEncoded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := filepath.Join(dir, "f.json")
	put(t, name, "old")
	err := atomic.WriteJSON(name, make(chan int), nil)
	var unsupported *json.UnsupportedTypeError
	if !errors.As(err, &unsupported) {
		t.Errorf("%v, want *json.UnsupportedTypeError", err)
	}
	wantContent(t, name, "old")
	if err := atomic.WriteJSON(filepath.Join(dir, "new", "f.json"), func() {}, nil); !errors.As(err, &unsupported) {
		t.Errorf("%v, want *json.UnsupportedTypeError", err)
	}
	wantNames(t, dir, "f.json")
}

func TestBadJSONIsNeverReadAsTheZeroValue(t *testing.T) {
	t.Parallel()
	for _, content := range []string{"", " ", "{", `{"n":1`, `{"n":1} x`, `{"n":1}{"n":2}`, `{"n":"one"}`, "\x00\x00\x00", "[]"} {
		dir := t.TempDir()
		name := filepath.Join(dir, "f.json")
		put(t, name, content)
		_, err := atomic.ReadJSON[counter](name)
		wantBadJSON(t, content, err)
		err = atomic.UpdateJSON(t.Context(), name, func(*counter, bool) error {
			t.Errorf("%q: called", content)
			return nil
		}, nil)

		wantBadJSON(t, content, err)
		wantContent(t, name, content)
		wantNames(t, dir, "f.json", "f.json.lock")
	}
}

func wantBadJSON(t *testing.T, content string, err error) {
	t.Helper()
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	if !errors.As(err, &syntax) && !errors.As(err, &kind) {
		t.Errorf("%q: %v, want an error of encoding/json", content, err)
	}
	var typed *atomic.Error
	if !errors.As(err, &typed) {
		t.Errorf("%q: %#v is not an *atomic.Error", content, err)
	}
}

func TestReadJSONOfAMissingFile(t *testing.T) {
	t.Parallel()
	if _, err := atomic.ReadJSON[counter](filepath.Join(t.TempDir(), "f")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v, want fs.ErrNotExist", err)
	}
}

func TestUpdateJSONSaysWhetherThereWasAFile(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "new", "deep", "f.json")
	for _, want := range []bool{false, true} {
		err := atomic.UpdateJSON(t.Context(), name, func(c *counter, exists bool) error {
			if exists != want || exists && c.N != 7 {
				t.Errorf("exists=%v with %+v", exists, c)
			}
			c.N = 7
			return nil
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
	}
	wantContent(t, name, "{\n  \"n\": 7\n}\n")
}

func TestUpdateJSONReturnsTheFunctionsError(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "f.json")
	put(t, name, `{"n":1}`)
	own := errors.New("own")
	for _, c := range []struct{ from, want error }{
		{own, own},
		{atomic.ErrNoChange, nil},
		{fmt.Errorf("nothing new: %w", atomic.ErrNoChange), nil},
	} {
		err := atomic.UpdateJSON(t.Context(), name, func(v *counter, _ bool) error {
			v.N = 99
			return c.from
		}, nil)
		if err != c.want {
			t.Errorf("%v, want %v itself", err, c.want)
		}
		wantContent(t, name, `{"n":1}`)
	}
}

func TestUpdateJSONReleasesItsLockAfterAPanic(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "f.json")
	func() {
		defer func() { recover() }()
		atomic.UpdateJSON(t.Context(), name, func(*counter, bool) error { panic("in the function") }, nil)
	}()
	err := atomic.UpdateJSON(t.Context(), name, func(*counter, bool) error { return nil }, &atomic.Options{Lock: atomic.LockOptions{Timeout: time.Second}})
	if err != nil {
		t.Error(err)
	}
}

func TestUpdateJSONLeavesNothingWhenItRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := filepath.Join(dir, "new", "f.json")
	if err := atomic.UpdateJSON[counter](t.Context(), name, nil, nil); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("nil function: %v, want fs.ErrInvalid", err)
	}
	nop := func(*counter, bool) error { return nil }
	if err := atomic.UpdateJSON(t.Context(), name, nop, &atomic.Options{NoMkdir: true}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing parent: %v, want fs.ErrNotExist", err)
	}
	wantNames(t, dir)
	symlink(t, "nowhere", filepath.Join(dir, "link"))
	if err := atomic.UpdateJSON(t.Context(), filepath.Join(dir, "link"), nop, nil); !errors.Is(err, atomic.ErrDangling) {
		t.Errorf("dangling link: %v, want ErrDangling", err)
	}
	if err := atomic.UpdateJSON(t.Context(), filepath.Join(dir, "new", strings.Repeat("n", 256)), nop, nil); !isLockError(err) {
		t.Errorf("a name of 256 bytes: %v, want an error about the lock", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := atomic.UpdateJSON(ended, filepath.Join(dir, "f"), nop, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("ended context: %v, want context.Canceled", err)
	}
	wantNames(t, dir, "link")
}

// Names of up to 255 bytes are valid, but not with ".lock" added.
func TestUpdateJSONOfAFileWithALongName(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("the whole path must be short there")
	}
	dir := t.TempDir()
	increment := func(n *int, _ bool) error { *n++; return nil }
	var want []string
	for _, base := range []string{strings.Repeat("x", 250), strings.Repeat("x", 251), strings.Repeat("x", 250) + "y", strings.Repeat("ü", 127)} {
		name := filepath.Join(dir, base)
		for range 2 {
			if err := atomic.UpdateJSON(t.Context(), name, increment, nil); err != nil {
				t.Error(err)
			}
		}
		wantContent(t, name, "2\n")
		want = append(want, base, filepath.Base(atomic.LockPath(name)))
	}
	wantNames(t, dir, want...)
}

func TestLockPath(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 250)
	for name, want := range map[string]string{
		"f.json":                 "f.json.lock",
		"dir/f":                  "dir/f.lock",
		long:                     long + ".lock",
		long + "yz":              strings.Repeat("x", 233) + ".a759563a41d580ef.lock",
		strings.Repeat("ü", 127): strings.Repeat("ü", 116) + ".1854ad7fd43c6300.lock",
		strings.Repeat("x", 256): strings.Repeat("x", 256) + ".lock", // invalid, and to fail
		"d/" + long + "yz":       "d/" + strings.Repeat("x", 233) + ".a759563a41d580ef.lock",
	} {
		if got := filepath.ToSlash(atomic.LockPath(name)); got != want {
			t.Errorf("%s\n got %s\nwant %s", name, got, want)
		}
	}
}

func TestUpdateJSONSharesTheLockOfALinksTarget(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name, link := filepath.Join(dir, "real.json"), filepath.Join(dir, "link.json")
	put(t, name, `{"n":1}`)
	symlink(t, "real.json", link)
	defer mustLock(t, name+".lock").Unlock()
	waits := 0
	err := atomic.UpdateJSON(t.Context(), link, func(*counter, bool) error {
		t.Error("called beside the holder of the lock")
		return nil
	}, &atomic.Options{Lock: atomic.LockOptions{
		Timeout: 20 * time.Millisecond,
		OnWait:  func(atomic.Holder) { waits++ },
	}})
	if waits != 1 {
		t.Errorf("OnWait was called %d times, want once", waits)
	}
	if !errors.Is(err, atomic.ErrLocked) {
		t.Errorf("%v, want ErrLockTimeout", err)
	}
	if !strings.Contains(err.Error(), "real.json.lock") {
		t.Errorf("%v does not name the lock", err)
	}
}
