//go:build unix

package recovery_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/forewrite/forewrite/internal/testtree"
	"github.com/forewrite/forewrite/journal/record"
	"github.com/forewrite/forewrite/recovery"
)

// runInTime fails the test when recovery hangs, on a named pipe for instance.
func (w *world) runInTime() (r *recovery.Report, err error) {
	w.t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		r, err = w.recover(context.Background(), recovery.Options{})
	}()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		w.t.Fatal("recovery hangs")
	}
	return r, err
}

// outside makes a directory next to the root, with files that must not be touched.
func (w *world) outside() string {
	w.t.Helper()
	w.write("../outside/secret", "secret")
	w.write("../outside/dir/x", "x")
	return filepath.Join(filepath.Dir(w.root), "outside")
}

// Whatever the log holds, recovery changes nothing outside the root, and not the journal.
func TestNothingLeadsOutOfTheRoot(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		intents  func(w *world, outside string) []record.Intent
		path     string
		decision recovery.Decision
	}{
		{"a put through a link out of the root", func(w *world, outside string) []record.Intent {
			w.check(os.Symlink(outside, w.path("out")))
			return []record.Intent{put("out/secret", "ours")}
		}, "out/secret", recovery.SetAside},
		{"a put through a relative link out of the root", func(w *world, outside string) []record.Intent {
			w.check(os.Symlink("../outside", w.path("out")))
			return []record.Intent{put("out/new", "ours")}
		}, "out/new", recovery.SetAside},
		{"a put onto a link out of the root", func(w *world, outside string) []record.Intent {
			w.check(os.Symlink(filepath.Join(outside, "secret"), w.path("out")))
			return []record.Intent{put("out", "ours")}
		}, "out", recovery.Displace},
		{"a directory through a link out of the root", func(w *world, outside string) []record.Intent {
			w.check(os.Symlink(outside, w.path("out")))
			return []record.Intent{mkdir("out/new")}
		}, "out/new", recovery.SetAside},
		{"a removal through a link out of the root", func(w *world, outside string) []record.Intent {
			w.check(os.Symlink(outside, w.path("out")))
			return []record.Intent{op(record.OpRemove, "out/secret")}
		}, "out/secret", recovery.SetAside},
		{"a tree outside of the root", func(w *world, outside string) []record.Intent {
			w.check(os.Symlink(outside, w.path("out")))
			return []record.Intent{op(record.OpRemoveAll, "out/dir")}
		}, "out/dir", recovery.SetAside},
		{"a tree with a link out of the root in it", func(w *world, outside string) []record.Intent {
			w.mkdir("t")
			w.check(os.Symlink(outside, w.path("t/out")))
			return []record.Intent{op(record.OpRemoveAll, "t")}
		}, "t", recovery.Redo},
		{"a mode outside of the root", func(w *world, outside string) []record.Intent {
			w.check(os.Symlink(filepath.Join(outside, "secret"), w.path("out")))
			return []record.Intent{chmod("out", 0o777)}
		}, "out", recovery.SetAside},
		{"content from outside, by a link in staging", func(w *world, outside string) []record.Intent {
			i := w.staged("a", "s-1", "secret")
			w.remove(".journal/staging/s-1")
			w.check(os.Symlink(filepath.Join(outside, "secret"), w.path(".journal/staging/s-1")))
			return []record.Intent{i}
		}, "a", recovery.SetAside},
		{"content from a named pipe in staging", func(w *world, outside string) []record.Intent {
			i := w.staged("a", "s-1", "secret")
			w.remove(".journal/staging/s-1")
			w.check(syscall.Mkfifo(w.path(".journal/staging/s-1"), 0o600))
			return []record.Intent{i}
		}, "a", recovery.SetAside},
		{"a put onto a named pipe", func(w *world, outside string) []record.Intent {
			w.check(syscall.Mkfifo(w.path("pipe"), 0o600))
			return []record.Intent{put("pipe", "ours")}
		}, "pipe", recovery.SetAside},
		{"a put into the journal", func(w *world, outside string) []record.Intent {
			return []record.Intent{put(".journal/FORMAT", "ours")}
		}, ".journal/FORMAT", recovery.SetAside},
		{"a put into the journal, through a link", func(w *world, outside string) []record.Intent {
			w.mkdir("d")
			w.check(os.Symlink("../.journal/log", w.path("d/link")))
			return []record.Intent{put("d/link/x", "ours")}
		}, "d/link/x", recovery.SetAside},
		{"the journal is removed", func(w *world, outside string) []record.Intent {
			return []record.Intent{op(record.OpRemoveAll, ".journal")}
		}, ".journal", recovery.SetAside},
		{"the log is removed, through a link", func(w *world, outside string) []record.Intent {
			w.check(os.Symlink(".journal", w.path("link")))
			return []record.Intent{op(record.OpRemoveAll, "link/log")}
		}, "link/log", recovery.SetAside},
		{"the journal becomes a file", func(w *world, outside string) []record.Intent {
			return []record.Intent{op(record.OpRemoveAll, ".journal"), put(".journal", "ours")}
		}, ".journal", recovery.SetAside},
		{"the mode of the journal", func(w *world, outside string) []record.Intent {
			return []record.Intent{chmod(".journal", 0o777)}
		}, ".journal", recovery.SetAside},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			outside := w.outside()
			w.Tx(1, test.intents(w, outside)...).Tx(2, put("b", "2"))
			before := testtree.Of(t, outside)
			r, err := w.runInTime()
			w.check(err)
			if a := action(t, r, test.path); a.Decision != test.decision || test.decision != recovery.Redo && a.Reason == "" {
				t.Errorf("%+v", a)
			}
			if d := testtree.Diff(testtree.Of(t, outside), before); d != "" {
				t.Errorf("outside of the root:\n%s", d)
			}
			for _, kept := range w.lost() {
				if kept == "secret" {
					t.Error("the secret is in lost+found")
				}
			}
			if got := w.content()["b"]; got != "2" {
				t.Errorf("b: %q", got)
			}
			fi, err := os.Lstat(w.dir)
			if err != nil || fi.Mode() != os.ModeDir|0o700 {
				t.Errorf("the journal directory: %v, %v", fi, err)
			}
			if again := w.run(); !again.Clean {
				t.Errorf("again: %+v", again)
			}
		})
	}
}

// A directory above the journal is not removed.
func TestDirectoriesAboveTheJournalStay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mkdir("x")
	w.check(os.Rename(w.dir, w.path("x/journal")))
	w.dir, w.Dir = w.path("x/journal"), w.path("x/journal/log")
	w.Tx(1, op(record.OpRemoveAll, "x")).Tx(2, chmod("x", 0o755), put("x/a", "1"))
	r, err := w.runInTime()
	w.check(err)
	if a := action(t, r, "x"); a.Decision != recovery.SetAside {
		t.Errorf("%+v", a)
	}
	if _, err := os.Lstat(w.path("x/journal/FORMAT")); err != nil {
		t.Error(err)
	}
}

func TestAJournalMadeOfLinksIsRefused(t *testing.T) {
	t.Parallel()
	for _, part := range []string{".journal", ".journal/log", ".journal/staging", ".journal/lost+found", ".journal/FORMAT"} {
		for _, plant := range []struct {
			name string
			make func(w *world, from, to string) error
		}{
			{"link", func(w *world, from, to string) error { return os.Symlink(to, from) }},
			{"pipe", func(w *world, from, to string) error { return syscall.Mkfifo(from, 0o600) }},
		} {
			t.Run(part+" is a "+plant.name, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				w.mkdir(".journal/lost+found")
				w.Tx(1, put("a", "1"))
				elsewhere := w.path("../elsewhere")
				w.check(os.Rename(w.path(part), elsewhere))
				w.check(plant.make(w, w.path(part), elsewhere))
				before := testtree.Of(t, w.path(".."))
				_, err := w.runInTime()
				if !errors.Is(err, recovery.ErrUnsafe) {
					t.Errorf("%v", err)
				}
				if d := testtree.Diff(testtree.Of(t, w.path("..")), before); d != "" {
					t.Errorf("something has changed:\n%s", d)
				}
			})
		}
	}
}
