package recovery_test

import (
	"context"
	"errors"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/forewrite/forewrite/journal/record"
	"github.com/forewrite/forewrite/recovery"
)

// edits are changes that another program makes, well after the crash and before the
// recovery.
var edits = []struct {
	name   string
	files  []string
	log    func(w *world)
	edit   func(w *world)
	want   map[string]string
	lost   []string
	path   string
	decide recovery.Decision
}{
	{"a file is edited", []string{"a"}, func(w *world) { w.Tx(1, w.replacing(put("a", "ours")), put("b", "2")) },
		func(w *world) { w.write("a", "theirs") },
		map[string]string{"a": "theirs", "b": "2"}, []string{"ours"}, "a", recovery.KeepFound},
	{"a file is edited after it was applied", []string{"a"}, func(w *world) {
		w.Tx(1, put("a", "ours"))
		w.write("a", "ours")
	}, func(w *world) { w.write("a", "ours, edited") },
		map[string]string{"a": "ours, edited"}, []string{"ours"}, "a", recovery.KeepFound},
	{"a file is touched that the journal once put, and the log does not hold any more", []string{"a"}, func(w *world) {
		w.Tx(1, replacingVersion(put("a", "ours"), "old a"))
	}, func(w *world) { w.write("a", "old a") },
		map[string]string{"a": "ours"}, nil, "a", recovery.Redo},
	{"a file is edited that the journal once put, and keeps its size", []string{"a"}, func(w *world) {
		w.Tx(1, replacingVersion(put("a", "ours"), "old a"))
	}, func(w *world) { w.write("a", "old b") },
		map[string]string{"a": "old b"}, []string{"ours"}, "a", recovery.KeepFound},
	{"a file is put back to a version in the log", nil, func(w *world) { w.Tx(1, put("a", "1")).Tx(2, put("a", "2")) },
		func(w *world) { w.write("a", "1") },
		map[string]string{"a": "2"}, nil, "a", recovery.Redo},
	{"a file that the log does not name", []string{"z"}, func(w *world) { w.Tx(1, put("a", "1")) },
		func(w *world) { w.write("z", "theirs") },
		map[string]string{"a": "1", "z": "theirs"}, nil, "a", recovery.Redo},
	{"a file is made where one will be put", nil, func(w *world) { w.Tx(1, put("a", "ours")) },
		func(w *world) { w.write("a", "theirs") },
		map[string]string{"a": "theirs"}, []string{"ours"}, "a", recovery.KeepFound},
	{"a file becomes a link", []string{"a", "b"}, func(w *world) { w.Tx(1, put("a", "ours")) },
		func(w *world) { w.remove("a"); w.check(os.Symlink("b", w.path("a"))) },
		map[string]string{"a": "-> b", "b": "old b"}, []string{"ours"}, "a", recovery.KeepFound},
	{"a staged file is edited", []string{"a"}, func(w *world) { w.Tx(1, w.staged("a", "s-1", "ours")) },
		func(w *world) { w.write("a", "theirs") },
		map[string]string{"a": "theirs"}, []string{"ours"}, "a", recovery.KeepFound},
	{"a staged file is edited in place, and a later version follows", nil, func(w *world) {
		w.Tx(1, w.staged("a", "s-1", "the first version")).Tx(2, put("a", "second"))
		w.check(os.Link(w.path(".journal/staging/s-1"), w.path("a")))
	}, func(w *world) { w.write("a", "theirs") },
		map[string]string{"a": "theirs"}, []string{"second"}, "a", recovery.KeepFound},
	{"a removed file is edited", []string{"a"}, func(w *world) { w.Tx(1, op(record.OpRemove, "a")) },
		func(w *world) { w.write("a", "theirs") },
		map[string]string{"a": "theirs"}, nil, "a", recovery.KeepFound},
	{"a removed directory gets a file", []string{"d/"}, func(w *world) { w.Tx(1, op(record.OpRemove, "d")) },
		func(w *world) { w.write("d/x", "theirs") },
		map[string]string{"d": "/", "d/x": "theirs"}, nil, "d", recovery.SetAside},
	{"a file in a removed tree is edited", []string{"t/x", "t/u/y", "t/u/z", "t/v/w"}, func(w *world) {
		w.Tx(1, op(record.OpRemoveAll, "t"))
	}, func(w *world) { w.write("t/u/y", "theirs") },
		map[string]string{"t": "/", "t/u": "/", "t/u/y": "theirs"}, nil, "t/u/y", recovery.KeepFound},
	{"a file is added to a tree that is made anew", []string{"t/x"}, func(w *world) {
		w.Tx(1, op(record.OpRemoveAll, "t"), mkdir("t"), put("t/y", "ours"))
	}, func(w *world) { w.write("t/new", "theirs") },
		map[string]string{"t": "/", "t/y": "ours", "t/new": "theirs"}, nil, "t/new", recovery.KeepFound},
	{"a file is edited in a tree that is made anew", []string{"t/x"}, func(w *world) {
		w.Tx(1, op(record.OpRemoveAll, "t"), mkdir("t"), put("t/y", "ours"), put("t/z", "ours, too"))
		w.remove("t/x")
		w.write("t/y", "ours")
	}, func(w *world) { w.write("t/y", "theirs") },
		map[string]string{"t": "/", "t/y": "theirs", "t/z": "ours, too"}, []string{"ours"}, "t/y", recovery.KeepFound},
	{"a file is edited in a tree that becomes a file", []string{"t/x"}, func(w *world) {
		w.Tx(1, op(record.OpRemoveAll, "t"), put("t", "ours"))
	}, func(w *world) { w.write("t/x", "theirs") },
		map[string]string{"t": "/", "t/x": "theirs"}, []string{"ours"}, "t", recovery.SetAside},
	{"a file that becomes a directory is edited", []string{"d"}, func(w *world) {
		w.Tx(1, op(record.OpRemove, "d"), mkdir("d"), put("d/x", "ours"))
	}, func(w *world) { w.write("d", "theirs") },
		map[string]string{"d": "theirs"}, []string{"ours"}, "d", recovery.KeepFound},
	{"a directory becomes a link to another", []string{"real/"}, func(w *world) { w.Tx(1, mkdir("d"), put("d/x", "ours")) },
		func(w *world) { w.check(os.Symlink("real", w.path("d"))) },
		map[string]string{"d": "-> real", "real": "/", "real/x": "ours"}, nil, "d", recovery.KeepFound},
	{"a renamed file is edited under its old name", []string{"a"}, func(w *world) {
		w.Tx(1, w.linked("b", "l-1", "a"), op(record.OpRemove, "a"))
		w.remove("a")
	}, func(w *world) { w.write("a", "theirs") },
		map[string]string{"a": "theirs", "b": "old a"}, nil, "a", recovery.KeepFound},
	{"half of a rename is done late", []string{"a"}, func(w *world) {
		w.Tx(1, w.linked("b", "l-1", "a"), op(record.OpRemove, "a"))
	}, func(w *world) { w.check(os.Link(w.path(".journal/staging/l-1"), w.path("b"))) }, // changes the ctime of a
		map[string]string{"b": "old a"}, nil, "a", recovery.Redo},
	{"half of a rename of a file that grew is done late", []string{"a"}, func(w *world) {
		w.Tx(1, w.linked("b", "l-1", "a"), op(record.OpRemove, "a"))
		w.write("a", "old a, and more")
	}, func(w *world) { w.check(os.Link(w.path(".journal/staging/l-1"), w.path("b"))) },
		map[string]string{"b": "old a, and more"}, nil, "a", recovery.Redo},
}

// buildAll makes n worlds for each of the edits, and waits until the clock is as far
// beyond the log as recovery wants it to call a change an edit (2 s). The ctime of a
// file, which shows that, can't be set.
func buildAll(t *testing.T, n int) [][]*world {
	all := make([][]*world, len(edits))
	for i, e := range edits {
		for range n {
			w := newWorld(t, e.files...)
			e.log(w)
			all[i] = append(all[i], w)
		}
	}
	time.Sleep(2100 * time.Millisecond)
	return all
}

func TestEditedFilesStay(t *testing.T) {
	t.Parallel()
	worlds := buildAll(t, 1)
	for i, e := range edits {
		t.Run(e.name, func(t *testing.T) {
			w := worlds[i][0].in(t)
			e.edit(w)
			plan := w.plan()
			r := w.run()
			w.expect(e.want)
			if got := w.lost(); !reflect.DeepEqual(got, e.lost) {
				t.Errorf("lost+found holds %q, want %q", got, e.lost)
			}
			if a := action(t, r, e.path); a.Decision != e.decide || a.Decision != recovery.Redo && a.Reason == "" {
				t.Errorf("%+v", a)
			}
			if plan.Summary() != r.Summary() || len(plan.Actions) != len(r.Actions) {
				t.Errorf("Plan: %+v\nRun:  %+v", plan, r)
			}
			again := w.run()
			w.expect(e.want)
			if !again.Clean {
				t.Errorf("again: %+v", again)
			}
		})
	}
}

// A recovery that is interrupted must decide in the same way when it is repeated.
func TestEditedFilesStayWhenRecoveryIsInterrupted(t *testing.T) {
	t.Parallel()
	const stops = 40
	worlds := buildAll(t, stops)
	for i, e := range edits {
		t.Run(e.name, func(t *testing.T) {
			for n, w := range worlds[i] {
				w.in(t)
				e.edit(w)
				_, err := w.recover(endsAfter(n), recovery.Options{})
				if err != nil && !errors.Is(err, context.Canceled) {
					t.Fatalf("stopped after %d: %v", n, err)
				}
				w.run()
				w.expect(e.want)
				for _, want := range e.lost {
					if !containsString(w.lost(), want) {
						t.Errorf("stopped after %d: %q is not in lost+found", n, want)
					}
				}
				if err == nil && n < 2 {
					t.Errorf("it can be stopped %d times only", n)
				}
				if err == nil || t.Failed() {
					return
				}
			}
			t.Errorf("%d stops were not enough to get through", stops)
		})
	}
}
