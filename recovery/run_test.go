package recovery_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/forewrite/forewrite/internal/testtree"
	"github.com/forewrite/forewrite/journal/record"
	"github.com/forewrite/forewrite/recovery"
)

// scenario is a log that was not applied, or only in part, and the result of recovery.
type scenario struct {
	name  string
	files []string
	log   func(w *world)
	want  map[string]string
	lost  []string
}

var scenarios = []scenario{
	{"nothing to do", []string{"a"}, func(w *world) {}, map[string]string{"a": "old a"}, nil},
	{"a new file", nil, func(w *world) { w.Tx(1, put("a", "1")) }, map[string]string{"a": "1"}, nil},
	{"the last of many versions", []string{"a"}, func(w *world) {
		first := w.replacing(put("a", "1"))
		w.Tx(1, first).Tx(2, put("a", "2"), put("b", "2")).Tx(3, put("a", "3"))
	}, map[string]string{"a": "3", "b": "2"}, nil},
	{"a version from the middle was applied", []string{"a"}, func(w *world) {
		w.Tx(1, put("a", "1")).Tx(2, put("a", "2")).Tx(3, put("a", "3"))
		w.write("a", "2")
	}, map[string]string{"a": "3"}, nil},
	{"applied torn: empty", []string{"a"}, func(w *world) {
		w.Tx(1, put("a", strings.Repeat("x", 2000)))
		w.write("a", "")
	}, map[string]string{"a": strings.Repeat("x", 2000)}, nil},
	{"applied torn: a sector is zero and the end is missing", []string{"a"}, func(w *world) {
		w.Tx(1, put("a", strings.Repeat("x", 2000)))
		w.write("a", strings.Repeat("x", 512)+strings.Repeat("\x00", 512)+strings.Repeat("x", 100))
	}, map[string]string{"a": strings.Repeat("x", 2000)}, nil},
	{"not torn, but something else", []string{"a"}, func(w *world) {
		w.Tx(1, put("a", strings.Repeat("x", 2000)))
		w.write("a", strings.Repeat("x", 512)+"?"+strings.Repeat("\x00", 511))
	}, map[string]string{"a": strings.Repeat("x", 2000)}, []string{strings.Repeat("x", 512) + "?" + strings.Repeat("\x00", 511)}},
	{"an unknown version is displaced", []string{"a"}, func(w *world) { w.Tx(1, put("a", "1")) },
		map[string]string{"a": "1"}, []string{"old a"}},
	{"what a mark covers is not done again", nil, func(w *world) {
		w.Tx(1, put("a", "1")).Checkpoint(2, 1).Tx(2, put("b", "2"))
	}, map[string]string{"b": "2"}, nil},
	{"a transaction without commit record", nil, func(w *world) {
		i := put("b", "2")
		i.Tx = 2
		w.Group(record.AppendIntent(w.AppendTx(nil, 1, put("a", "1")), &i))
	}, map[string]string{"a": "1"}, nil},
	{"directories and files in them", nil, func(w *world) {
		w.Tx(1, mkdir("d"), mkdir("d/e"), put("d/e/f", "1"))
	}, map[string]string{"d": "/", "d/e": "/", "d/e/f": "1"}, nil},
	{"symbolic links", []string{"a"}, func(w *world) { w.Tx(1, symlink("l", "a"), symlink("dangling", "nowhere")) },
		map[string]string{"a": "old a", "l": "-> a", "dangling": "-> nowhere"}, nil},
	{"a file becomes a link", []string{"a"}, func(w *world) { w.Tx(1, op(record.OpRemove, "a"), symlink("a", "b")) },
		map[string]string{"a": "-> b"}, nil},
	{"removals", []string{"a", "d/", "t/x", "t/u/y"}, func(w *world) {
		w.Tx(1, op(record.OpRemove, "a"), op(record.OpRemove, "d"), op(record.OpRemoveAll, "t"))
	}, map[string]string{}, nil},
	{"removing what is gone", nil, func(w *world) {
		w.Tx(1, op(record.OpRemove, "a"), op(record.OpRemove, "x/y"), op(record.OpRemoveAll, "t"))
	}, map[string]string{}, nil},
	{"a tree is made anew", []string{"t/x", "t/y"}, func(w *world) {
		w.Tx(1, op(record.OpRemoveAll, "t"), mkdir("t"), put("t/x", "1"))
	}, map[string]string{"t": "/", "t/x": "1"}, nil},
	{"a tree becomes a file", []string{"t/x"}, func(w *world) { w.Tx(1, op(record.OpRemoveAll, "t"), put("t", "1")) },
		map[string]string{"t": "1"}, nil},
	{"a file becomes a tree", []string{"t"}, func(w *world) {
		w.Tx(1, op(record.OpRemove, "t"), mkdir("t"), put("t/x", "1"))
	}, map[string]string{"t": "/", "t/x": "1"}, nil},
	{"removed after it was put", []string{"d/"}, func(w *world) {
		w.Tx(1, put("d/a", "1")).Tx(2, op(record.OpRemove, "d/a"), op(record.OpRemove, "d"))
		w.write("d/a", "1")
	}, map[string]string{}, nil},
	{"a removal that does not fit what it found", []string{"a"}, func(w *world) {
		i := w.replacing(op(record.OpRemove, "a"))
		w.Tx(1, i)
		w.write("a", "changed")
	}, map[string]string{}, []string{"changed"}},
	{"a staged file", []string{"big"}, func(w *world) {
		big := w.staged("big", "s-1", strings.Repeat("big", 1000))
		big.Replaced = w.replacing(big).Replaced
		w.Tx(1, big)
	}, map[string]string{"big": strings.Repeat("big", 1000)}, nil},
	{"a staged file, applied torn", nil, func(w *world) {
		w.Tx(1, w.staged("big", "s-1", strings.Repeat("big", 1000)))
		w.write("big", strings.Repeat("\x00", 1024)+strings.Repeat("big", 1000)[1024:2000])
	}, map[string]string{"big": strings.Repeat("big", 1000)}, nil},
	{"a rename", []string{"a"}, func(w *world) { w.Tx(1, w.linked("b", "l-1", "a"), op(record.OpRemove, "a")) },
		map[string]string{"b": "old a"}, nil},
	{"a swap", []string{"a", "b"}, func(w *world) {
		w.Tx(1, w.replacing(w.linked("b", "l-1", "a")), w.replacing(w.linked("a", "l-2", "b")))
	}, map[string]string{"a": "old b", "b": "old a"}, nil},
	{"a file that grew while it was renamed", []string{"a"}, func(w *world) {
		w.Tx(1, w.linked("b", "l-1", "a"), op(record.OpRemove, "a"))
		w.write("a", "old a, and more")
	}, map[string]string{"b": "old a, and more"}, nil},
	{"a directory is gone", nil, func(w *world) { w.Tx(1, put("gone/a", "1"), put("b", "2")) },
		map[string]string{"b": "2"}, []string{"1"}},
	{"its place is a directory", []string{"a/x"}, func(w *world) { w.Tx(1, put("a", "1"), put("b", "2")) },
		map[string]string{"a": "/", "a/x": "old a/x", "b": "2"}, []string{"1"}},
	{"a directory's place is a file", []string{"d"}, func(w *world) { w.Tx(1, mkdir("d"), put("d/a", "1"), put("b", "2")) },
		map[string]string{"d": "old d", "b": "2"}, []string{"1"}},
	{"a directory that is not empty", []string{"d/x"}, func(w *world) { w.Tx(1, op(record.OpRemove, "d")) },
		map[string]string{"d": "/", "d/x": "old d/x"}, nil},
	{"a name that is too long", nil, func(w *world) { w.Tx(1, put(strings.Repeat("n", 300), "1"), put("b", "2")) },
		map[string]string{"b": "2"}, []string{"1"}},
	{"staged content is missing", []string{"a"}, func(w *world) {
		i := w.staged("a", "s-1", "1")
		w.remove(".journal/staging/s-1")
		w.Tx(1, i, put("b", "2"))
	}, map[string]string{"a": "old a", "b": "2"}, nil},
	{"staged content is missing, but was applied", []string{"a"}, func(w *world) {
		i := w.staged("a", "s-1", "1")
		w.remove(".journal/staging/s-1")
		w.write("a", "1")
		w.Tx(1, i)
	}, map[string]string{"a": "1"}, nil},
	{"staged content is damaged", []string{"a"}, func(w *world) {
		i := w.staged("a", "s-1", "good")
		w.write(".journal/staging/s-1", "evil")
		w.Tx(1, i, put("b", "2"))
	}, map[string]string{"a": "old a", "b": "2"}, []string{"evil"}},
	{"staged content was changed in place", nil, func(w *world) {
		w.Tx(1, w.staged("a", "s-1", "good"))
		w.check(os.Link(w.path(".journal/staging/s-1"), w.path("a")))
		w.write("a", "mine")
	}, map[string]string{"a": "mine"}, nil},
	{"nothing left to change the mode of", nil, func(w *world) { w.Tx(1, chmod("a", 0o600), put("b", "2")) },
		map[string]string{"b": "2"}, nil},
	{"a torn tail", nil, func(w *world) { w.Tx(1, put("a", "1")).Raw([]byte("torn")) },
		map[string]string{"a": "1"}, []string{"torn"}},
	{"several segments", nil, func(w *world) {
		w.Tx(1, put("a", "1"))
		w.Segment(100).Tx(2, put("a", "2"))
		w.Segment(0).Tx(3, put("b", "3"))
		w.Segment(4096)
	}, map[string]string{"a": "2", "b": "3"}, nil},
}

func (s *scenario) build(t testing.TB) *world {
	w := newWorld(t, s.files...)
	s.log(w)
	return w
}

func TestRunMakesTheTreeEqualToTheLog(t *testing.T) {
	t.Parallel()
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			w := s.build(t)
			r := w.run()
			w.expect(s.want)
			if got := w.lost(); !reflect.DeepEqual(got, s.lost) {
				t.Errorf("lost+found holds %q, want %q", got, s.lost)
			}
			if left := testtree.Of(t, w.path(".journal/staging")); len(left) > 0 {
				t.Errorf("left in staging: %v", left)
			}
			for _, a := range r.Actions {
				if a.Decision != recovery.Redo && a.Reason == "" {
					t.Errorf("no reason for %+v", a)
				}
			}
		})
	}
}

func TestRunningAgainChangesNothing(t *testing.T) {
	t.Parallel()
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			w := s.build(t)
			first := w.run()
			before := w.everything()
			again := w.run()
			w.unchanged(before)
			if !again.Clean || len(again.Actions) > 0 || again.Next != first.Next {
				t.Errorf("first %+v, then %+v", first, again)
			}
		})
	}
}

func TestPlanReportsWhatRunDoes(t *testing.T) {
	t.Parallel()
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			w := s.build(t)
			before := w.everything()
			plan := w.plan()
			w.unchanged(before)
			run := w.run()
			if plan.Summary() != run.Summary() {
				t.Errorf("Plan: %s\nRun:  %s", plan.Summary(), run.Summary())
			}
			for _, r := range []*recovery.Report{plan, run} {
				r.Duration, r.LostFound, r.Next, r.Tail.LostFound = 0, "", recovery.Next{}, nil
				for i := range r.Actions {
					r.Actions[i].LostFound = ""
				}
			}
			if !reflect.DeepEqual(plan, run) {
				t.Errorf("Plan: %+v\nRun:  %+v", plan, run)
			}
		})
	}
}

// countdown is a context that ends after it was asked a number of times.
// Several goroutines may ask it.
type countdown struct {
	context.Context
	left atomic.Int64
}

func endsAfter(n int) *countdown {
	c := &countdown{Context: context.Background()}
	c.left.Store(int64(n))
	return c
}

func (c *countdown) Err() error {
	if c.left.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}

// Recovery is stopped at every point where it looks at its context, as a crash could
// stop it. Running it again must give the same tree, and lose nothing.
func TestAnInterruptedRecoveryCanBeRepeated(t *testing.T) {
	t.Parallel()
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			for n := 0; ; n++ {
				w := s.build(t)
				_, err := w.recover(endsAfter(n), recovery.Options{})
				if err != nil && !errors.Is(err, context.Canceled) {
					t.Fatalf("stopped after %d: %v", n, err)
				}
				w.run()
				w.expect(s.want)
				kept := w.lost()
				for _, want := range s.lost {
					if !containsString(kept, want) {
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
		})
	}
}

func containsString(all []string, s string) bool {
	for _, one := range all {
		if one == s {
			return true
		}
	}
	return false
}

func TestModesAreRedone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "a", "d/")
	w.Tx(1, chmod("a", 0o640), chmod("d", 0o500), record.Intent{Op: record.OpMkdir, Mode: 0o711, Path: "e"}, put("e/f", "1"))
	w.Tx(2, chmod("e/f", fs.ModeSetuid|0o751), w.staged("s", "s-1", "staged"))
	w.Tx(3, chmod("s", 0o600))
	w.run()
	if d := testtree.Diff(w.tree(), testtree.Tree{
		"a":   {Mode: 0o640, Data: "old a"},
		"d":   {Mode: fs.ModeDir | 0o500},
		"e":   {Mode: fs.ModeDir | 0o711},
		"e/f": {Mode: fs.ModeSetuid | 0o751, Data: "1"},
		"s":   {Mode: 0o600, Data: "staged"},
	}); d != "" {
		t.Error(d)
	}
}

func TestRunContinuesTheLog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Tx(7, put("a", "1")).Tx(5, put("b", "2"))
	r := w.run()
	if r.Clean || r.Replayed != 2 || r.Next.LSN != 5 || r.Next.Segment != 3 || r.Next.LastTx != 7 || r.Next.Prev == w.Prev {
		t.Fatalf("%+v", r)
	}
	again := w.run()
	if !again.Clean || again.Next != r.Next || again.Groups != 1 || again.CheckpointLSN != 3 {
		t.Errorf("%+v", again)
	}
}

func TestACleanCloseIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Tx(1, put("a", "1")).Close(2, 1)
	w.write("a", "edited since")
	before := w.everything()
	r := w.run()
	w.unchanged(before)
	if !r.Clean || r.LostFound != "" {
		t.Errorf("%+v", r)
	}
	if r.Next.LSN != 4 || r.Next.Prev != w.Prev || r.Next.Segment != 2 || r.Next.LastTx != 1 {
		t.Errorf("next: %+v", r.Next)
	}
	if r.Journal != "0000000000abcdef" || r.Summary() != "closed cleanly, nothing to do" {
		t.Errorf("%s: %s", r.Journal, r.Summary())
	}
}

func TestLeftoversAreRemoved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Close(0, 0)
	before := w.everything()
	w.write(".journal/staging/1-2", "left over")
	w.write(".journal/staging/trash/x", "left over")
	w.write(".journal/log/new-00000002-0000000000000001/00000000000000000001", "")
	w.write(".journal/log/dead-00000001-0000000000000001/00000000000000000001", "")
	w.run()
	w.unchanged(before)
}
