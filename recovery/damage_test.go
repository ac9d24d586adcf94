package recovery_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
	"github.com/forewrite/forewrite/recovery"
)

// chain is a log of two segments and four transactions; states are the trees after
// none, one, two, three and all of them.
func chain(t testing.TB) (w *world, states []map[string]string, paths []string) {
	w = newWorld(t)
	w.Tx(1, put("a", "1"), put("b", "1"))
	w.Tx(2, put("a", "2"), put("c", "2"))
	paths = append(paths, w.Path())
	w.Segment(20).Tx(3, op(record.OpRemove, "b"))
	w.Tx(4, put("a", "4"), put("d", "4"))
	paths = append(paths, w.Path())
	return w, []map[string]string{
		{},
		{"a": "1", "b": "1"},
		{"a": "2", "b": "1", "c": "2"},
		{"a": "2", "c": "2"},
		{"a": "4", "c": "2", "d": "4"},
	}, paths
}

// tryDamaged recovers a damaged log. The result must be one of the states, or a
// refusal that leaves everything as it was. When transactions are lost, the report must
// say so, unless silent is true.
func tryDamaged(w *world, states []map[string]string, silent bool) {
	w.t.Helper()
	before := w.everything()
	r, err := w.recover(context.Background(), recovery.Options{})
	var corrupt *recovery.CorruptError
	switch {
	case errors.As(err, &corrupt):
		if !errors.Is(err, recovery.ErrCorrupt) {
			w.t.Fatalf("%v is not ErrCorrupt", err)
		}
		w.unchanged(before)
	case err != nil:
		w.t.Fatal(err)
	default:
		if !reflect.DeepEqual(w.content(), states[r.Transactions]) {
			w.t.Fatalf("%d transactions, and the tree is %v", r.Transactions, w.content())
		}
		if lost := len(states) - 1 - r.Transactions; lost > 0 && r.Tail.State == recovery.TailClean && !silent {
			w.t.Fatalf("%d transactions are lost, and the report does not say so: %+v", lost, r)
		}
	}
}

func TestEveryCutAndEveryBitFlipIsPrefixOrCorruption(t *testing.T) {
	t.Parallel()
	for segment := range 2 {
		for _, damage := range []struct {
			name  string
			apply func(data []byte, n int) []byte
		}{
			{"cut", func(data []byte, n int) []byte { return data[:n] }},
			{"flip", func(data []byte, n int) []byte {
				data = bytes.Clone(data)
				data[n] ^= 1 << (n % 8) // internal/segment flips them all; here it is about what follows
				return data
			}},
		} {
			t.Run(damage.name+" segment "+string(rune('1'+segment)), func(t *testing.T) {
				t.Parallel()
				_, _, paths := chain(t)
				data, err := os.ReadFile(paths[segment])
				if err != nil {
					t.Fatal(err)
				}
				used := len(bytes.TrimRight(data, "\x00")) + 8
				for n := range min(len(data), used) {
					w, states, paths := chain(t)
					w.check(os.WriteFile(paths[segment], damage.apply(data, n), 0o600))
					// When a log ends after a group, nothing shows that there were more.
					tryDamaged(w, states, segment == 1 && damage.name == "cut" && (n == 0 || int64(n) == w.Ends[0]))
					w.remove("")
				}
			})
		}
	}
}

func TestCorruptionIsRefusedAndSalvageKeepsThePrefix(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		damage func(w *world, paths []string)
		err    error
		lsn    record.LSN
		state  int // which of the states salvage comes to
		lost   []string
	}{
		{"a damaged group", func(w *world, paths []string) { flip(w, paths[1], 50) }, record.ErrHash, 4, 2, []string{"bytes of the log"}},
		{"a missing first segment", func(w *world, paths []string) {
			w.Checkpoint(2, 4)
			w.check(os.RemoveAll(filepath.Dir(paths[0])))
		}, segment.ErrMissing, 3, 0, []string{"bytes of the log"}},
		{"a missing segment", func(w *world, paths []string) {
			w.Segment(0).Tx(5, put("e", "5"))
			w.check(os.RemoveAll(filepath.Dir(paths[1])))
		}, segment.ErrMissing, 4, 2, []string{"bytes of the log"}},
		{"a stray file", func(w *world, paths []string) { w.write(".journal/log/stray", "stray") }, segment.ErrStray, 6, 4, []string{"stray"}},
		{"no valid group", func(w *world, paths []string) {
			for _, path := range paths {
				flip(w, path, 3)
				flip(w, path, len(w.readAll(path))-30)
			}
			w.check(os.WriteFile(paths[0], []byte("?"), 0o600))
			w.check(os.WriteFile(paths[1], nil, 0o600))
		}, segment.ErrEntry, 1, 0, []string{"?"}},
		{"no segment", func(w *world, paths []string) {
			for _, path := range paths {
				w.check(os.RemoveAll(filepath.Dir(path)))
			}
		}, nil, 1, 0, nil},
		{"no log", func(w *world, paths []string) { w.remove(".journal/log") }, fs.ErrNotExist, 1, 0, nil},
		{"no format", func(w *world, paths []string) { w.remove(".journal/FORMAT") }, nil, 1, 4, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w, states, paths := chain(t)
			w.write(".journal/staging/s-9", "of a transaction that is lost")
			test.damage(w, paths)
			before := w.everything()
			for range 2 {
				_, err := w.recover(context.Background(), recovery.Options{})
				var corrupt *recovery.CorruptError
				if !errors.As(err, &corrupt) || !errors.Is(err, recovery.ErrCorrupt) || test.err != nil && !errors.Is(err, test.err) || corrupt.LSN != test.lsn {
					t.Fatalf("%v", err)
				}
			}
			report, err := w.planWith(recovery.Strict)
			if !errors.Is(err, recovery.ErrCorrupt) || report != nil && report.Tail.State != recovery.TailCorrupt {
				t.Errorf("Plan: %v, %+v", err, report)
			}
			preview, err := w.planWith(recovery.Salvage)
			w.check(err)
			w.unchanged(before)
			r, err := w.recover(context.Background(), recovery.Options{Policy: recovery.Salvage})
			w.check(err)
			if preview.Summary() != r.Summary() || len(preview.Actions) != len(r.Actions) {
				t.Errorf("Plan: %+v\nRun:  %+v", preview, r)
			}
			w.expect(states[test.state])
			kept := w.lost()
			for _, want := range append(test.lost, "of a transaction that is lost") {
				if want == "bytes of the log" && len(kept) > 1 && strings.Contains(strings.Join(kept, ""), record.Magic) {
					continue
				}
				if !containsString(kept, want) {
					t.Errorf("%q is not in lost+found: %q", want, kept)
				}
			}
			if test.name == "no format" {
				w.makeFormat()
			}
			again := w.run()
			w.expect(states[test.state])
			if !again.Clean || again.Next != r.Next {
				t.Errorf("first %+v, then %+v", r, again)
			}
		})
	}
}

func (w *world) readAll(path string) []byte {
	w.t.Helper()
	data, err := os.ReadFile(path)
	w.check(err)
	return data
}

func flip(w *world, path string, at int) {
	w.t.Helper()
	data := w.readAll(path)
	data[at] ^= 0x40
	w.check(os.WriteFile(path, data, 0o600))
}

func TestAnInterruptedSalvageCanBeRepeated(t *testing.T) {
	t.Parallel()
	for n := 0; ; n++ {
		w, states, paths := chain(t)
		w.Segment(0).Tx(5, put("e", "5"))
		flip(w, paths[1], 50)
		opts := recovery.Options{Policy: recovery.Salvage}
		_, err := w.recover(endsAfter(n), opts)
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Fatalf("stopped after %d: %v", n, err)
		}
		stopped := err != nil
		if _, err := w.recover(context.Background(), opts); err != nil {
			t.Fatalf("stopped after %d: %v", n, err)
		}
		w.expect(states[2])
		if !stopped {
			if n < 2 {
				t.Errorf("it can be stopped %d times only", n)
			}
			return
		}
		if t.Failed() {
			t.Fatalf("stopped after %d", n)
		}
	}
}

// After a crash between the making of the new segment and the retirement of the old
// ones, the old ones are ignored, including their torn tail.
func TestACrashBeforeTheOldSegmentsAreRetired(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Tx(1, put("a", "1")).Raw([]byte("torn"))
	w.write("a", "1")
	w.Segment(100)
	w.Segment(0).Checkpoint(2, 1)
	r := w.run()
	if !r.Clean || r.Next.LSN != 4 || r.Next.Prev != w.Prev {
		t.Errorf("%+v", r)
	}
	w.expect(map[string]string{"a": "1"})
}

func TestNewerFormatsAreRefusedByName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.check(os.WriteFile(w.path(".journal/FORMAT"), []byte("forewrite 3\nand anything\n"), 0o600))
	for _, policy := range []recovery.Policy{recovery.Strict, recovery.Salvage} {
		_, err := w.recover(context.Background(), recovery.Options{Policy: policy})
		var format *recovery.FormatError
		if !errors.As(err, &format) || !errors.Is(err, record.ErrVersion) || !strings.Contains(err.Error(), "newer") {
			t.Errorf("%v", err)
		}
	}
}

func TestADamagedFormatIsCorruption(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "forewrite 2\n", "rewrite 2\nid 0000000000000001\n", strings.Repeat("\x00", 40)} {
		w := newWorld(t)
		w.Tx(1, put("a", "1"))
		w.check(os.WriteFile(w.path(".journal/FORMAT"), []byte(text), 0o600))
		before := w.everything()
		for _, policy := range []recovery.Policy{recovery.Strict, recovery.Salvage} {
			var corrupt *recovery.CorruptError
			if _, err := w.recover(context.Background(), recovery.Options{Policy: policy}); !errors.As(err, &corrupt) || !errors.Is(err, recovery.ErrCorrupt) {
				t.Errorf("%q, %s: %v", text, policy, err)
			}
		}
		w.unchanged(before)
	}
}

func TestWhereThereIsNoJournal(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	plan := func(dir string) error {
		_, err := recovery.Plan(context.Background(), root, &recovery.Options{Dir: dir})
		return err
	}
	for _, dir := range []string{"", "x", "x/y"} {
		if err := plan(dir); !errors.Is(err, recovery.ErrNoJournal) {
			t.Errorf("%q: %v", dir, err)
		}
	}
	for _, dir := range []string{".", "..", "../x", root} {
		if err := plan(dir); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("%q: %v", dir, err)
		}
	}
	if err := os.Mkdir(filepath.Join(root, ".journal"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := plan(""); !errors.Is(err, recovery.ErrNoJournal) {
		t.Errorf("an empty directory, Plan: %v", err)
	}
	w := &world{t: t, root: root, dir: filepath.Join(root, ".journal")}
	if _, err := w.recover(context.Background(), recovery.Options{}); !errors.Is(err, recovery.ErrNoJournal) {
		t.Errorf("an empty directory, Run: %v", err)
	}
}

// A crash while the journal was made leaves a log, and no FORMAT.
func TestAJournalThatWasNotCompletelyMade(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		log  func(w *world)
		next recovery.Next
	}{
		{"no segment", func(w *world) { w.remove(".journal/log"); w.mkdir(".journal/log") }, recovery.Next{Segment: 1, LSN: 1}},
		{"an open record", func(w *world) {}, recovery.Next{Segment: 2, LSN: 2}},
		{"a torn one", func(w *world) { w.check(os.WriteFile(w.Path(), []byte("torn"), 0o600)) }, recovery.Next{Segment: 2, LSN: 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.remove(".journal/FORMAT")
			test.log(w)
			r := w.run()
			if test.next.LSN > 1 {
				test.next.Prev = w.Prev
			}
			if r.Next != test.next || r.Journal != "" {
				t.Errorf("%+v", r)
			}
			w.run()
		})
	}
}

func TestRecordsAreLocated(t *testing.T) {
	t.Parallel()
	w, _, paths := chain(t)
	var kinds []string
	for r, err := range recovery.Records(context.Background(), w.root, nil) {
		w.check(err)
		kinds = append(kinds, r.Record.Kind.String())
		if r.LSN == 4 && (r.Offset != 0 || r.Segment != filepath.Base(filepath.Dir(paths[1]))) {
			t.Errorf("%+v", r)
		}
	}
	want := "open intent intent commit intent intent commit intent commit intent intent commit"
	if got := strings.Join(kinds, " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for range recovery.Records(context.Background(), w.root, nil) {
		break // and nothing happens
	}
	flip(w, paths[1], 50)
	var last error
	n := 0
	for _, err := range recovery.Records(context.Background(), w.root, nil) {
		if last = err; err == nil {
			n++
		}
	}
	if n != 7 || !errors.Is(last, recovery.ErrCorrupt) {
		t.Errorf("%d records, then %v", n, last)
	}
}
