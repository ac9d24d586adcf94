package recovery_test

import (
	"bytes"
	"context"
	"encoding/json"
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

// tryDamaged recovers a log that somebody has damaged. It must come to one of the
// states, or refuse and leave everything as it was. Unless it may be mute, it must
// say that something is lost.
func tryDamaged(w *world, states []map[string]string, mute bool) {
	w.t.Helper()
	before := w.everything()
	r, err := recovery.Run(context.Background(), w.root, w.dir, recovery.Options{})
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
		if lost := len(states) - 1 - r.Transactions; lost > 0 && r.Tail.State == "clean" && !mute {
			w.t.Fatalf("%d transactions are lost, and nothing is said: %+v", lost, r)
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
					// A log that ends after a group is whole, for all that it says.
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
				_, err := recovery.Run(context.Background(), w.root, w.dir, recovery.Options{})
				var corrupt *recovery.CorruptError
				if !errors.As(err, &corrupt) || !errors.Is(err, recovery.ErrCorrupt) || test.err != nil && !errors.Is(err, test.err) || corrupt.LSN != test.lsn {
					t.Fatalf("%v", err)
				}
			}
			report, err := recovery.Plan(context.Background(), w.root, w.dir)
			if !errors.Is(err, recovery.ErrCorrupt) || report != nil && report.Tail.State != "corrupt" {
				t.Errorf("Plan: %v, %+v", err, report)
			}
			w.unchanged(before)
			r, err := recovery.Run(context.Background(), w.root, w.dir, recovery.Options{Policy: recovery.Salvage})
			w.check(err)
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
				w.check(recovery.WriteFormat(w.dir, 1))
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

func TestASalvageThatIsCutShortCanBeRepeated(t *testing.T) {
	t.Parallel()
	for n := 0; ; n++ {
		w, states, paths := chain(t)
		w.Segment(0).Tx(5, put("e", "5"))
		flip(w, paths[1], 50)
		opts := recovery.Options{Policy: recovery.Salvage}
		_, err := recovery.Run(&countdown{context.Background(), n}, w.root, w.dir, opts)
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Fatalf("stopped after %d: %v", n, err)
		}
		stopped := err != nil
		if _, err := recovery.Run(context.Background(), w.root, w.dir, opts); err != nil {
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

// After a crash between the new segment and the end of the old ones, the old ones are
// passed over, torn tail and all.
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
	w.check(os.WriteFile(w.path(".journal/FORMAT"), []byte("forewrite 3\nand who knows what\n"), 0o600))
	for _, policy := range []recovery.Policy{recovery.Strict, recovery.Salvage} {
		_, err := recovery.Run(context.Background(), w.root, w.dir, recovery.Options{Policy: policy})
		var format *recovery.FormatError
		if !errors.As(err, &format) || !errors.Is(err, record.ErrVersion) || !strings.Contains(err.Error(), "newer") {
			t.Errorf("%v", err)
		}
	}
}

func TestFormatIsReadOnlyAsWritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := recovery.ReadFormat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("none: %v", err)
	}
	for _, id := range []uint64{0, 1, 1<<64 - 1} {
		if err := recovery.WriteFormat(dir, id); err != nil {
			t.Fatal(err)
		}
		if f, err := recovery.ReadFormat(dir); err != nil || f.ID != id {
			t.Errorf("%x: %x, %v", id, f.ID, err)
		}
	}
	for _, text := range []string{"", "forewrite", "forewrite 1", "forewrite 1\n", "forewrite 0\nid 0000000000000001\n",
		"forewrite 01\nid 0000000000000001\n", "forewrite 1\nid 1\n", "forewrite 1\nid 0000000000000001",
		"forewrite 1\nid 0000000000000001\n\n", "forewrite 1\nid 000000000000000G\n", "rewrite 1\nid 0000000000000001\n",
		"forewrite 1\nid -000000000000001\n", strings.Repeat("\x00", 40)} {
		if err := os.WriteFile(filepath.Join(dir, "FORMAT"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if f, err := recovery.ReadFormat(dir); !errors.Is(err, recovery.ErrCorrupt) {
			t.Errorf("%q: %+v, %v", text, f, err)
		}
	}
}

func TestWhereThereIsNoJournal(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for _, dir := range []string{"", filepath.Join(root, "x")} {
		if _, err := recovery.Run(context.Background(), root, dir, recovery.Options{}); !errors.Is(err, recovery.ErrNoJournal) {
			t.Errorf("%q: %v", dir, err)
		}
	}
	if err := os.Mkdir(filepath.Join(root, ".journal"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := recovery.Plan(context.Background(), root, ""); !errors.Is(err, recovery.ErrNoJournal) {
		t.Errorf("empty: %v", err)
	}
	for _, dir := range []string{root, filepath.Dir(root), filepath.Join(root, "..", "x")} {
		if _, err := recovery.Run(context.Background(), root, dir, recovery.Options{}); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("%q: %v", dir, err)
		}
	}
}

// A crash while the journal was made leaves a log, and no FORMAT.
func TestAJournalThatWasNeverFinished(t *testing.T) {
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
	for r, err := range recovery.Records(context.Background(), w.dir) {
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
	for range recovery.Records(context.Background(), w.dir) {
		break // and nothing happens
	}
	flip(w, paths[1], 50)
	var last error
	n := 0
	for _, err := range recovery.Records(context.Background(), w.dir) {
		if last = err; err == nil {
			n++
		}
	}
	if n != 7 || !errors.Is(last, recovery.ErrCorrupt) {
		t.Errorf("%d records, then %v", n, last)
	}
}

func TestReportsAreJSON(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "a")
	w.Tx(1, put("a", "1"), put("gone/x", "2")).Raw([]byte("torn"))
	text, err := json.Marshal(w.run())
	w.check(err)
	for _, want := range []string{`"decision":"displace"`, `"decision":"set aside"`, `"state":"torn"`, `"replayed":1`, `"lost":"lost+found/`} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("%s is missing in %s", want, text)
		}
	}
}
