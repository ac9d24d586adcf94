package journal_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/forewrite/forewrite/internal/testtree"
	"github.com/forewrite/forewrite/journal"
	"github.com/forewrite/forewrite/recovery"
)

// smallLog is a journal that was killed after some transactions, nothing of it
// checkpointed, and the state of the tree after each of them.
type smallLog struct {
	root    string
	segment string // file of the only segment
	used    int64  // bytes of it that hold groups
	states  []map[string]string
}

func newSmallLog(t *testing.T) smallLog {
	t.Helper()
	root := t.TempDir()
	j := open(t, root, manual())
	s := smallLog{states: []map[string]string{content(t, root)}}
	for n := range 3 {
		update(t, j, do(put("counter", fmt.Sprint(n)), put(fmt.Sprintf("file%d", n%3), fmt.Sprintf("text %d", n))))
		s.states = append(s.states, content(t, root))
	}
	s.root = crashed(t, root)
	segments, err := filepath.Glob(filepath.Join(s.root, ".journal", "log", "*", "*"))
	if err != nil || len(segments) != 1 {
		t.Fatalf("segments: %v, %v", segments, err)
	}
	s.segment = segments[0]
	report, err := recovery.Plan(t.Context(), s.root, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.used = report.Segments[0].Used
	return s
}

// judge opens a copy of the log with its segment spoiled. Nothing but two outcomes
// is right: the state after some transaction, or a refusal as corrupt that touches
// nothing.
func (s smallLog) judge(t *testing.T, name string, spoil func(segment []byte) []byte) (corrupt bool) {
	t.Helper()
	root := t.TempDir()
	if err := testtree.Copy(root, s.root); err != nil {
		t.Fatal(err)
	}
	rel, err := filepath.Rel(s.root, s.segment)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(root, rel))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, rel), spoil(data), 0o600); err != nil {
		t.Fatal(err)
	}
	losePower(t, root)
	j, err := journal.Open(t.Context(), root, nil)
	if err != nil {
		var ce *recovery.CorruptError
		if !errors.As(err, &ce) || !errors.Is(err, recovery.ErrCorrupt) || ce.Segment == "" || ce.LSN == 0 {
			t.Errorf("%s: %v, want a CorruptError with segment and LSN", name, err)
		}
		if left := content(t, root); len(left) > 0 {
			t.Errorf("%s: refused, and made %v", name, left)
		}
		return true
	}
	defer j.Close()
	got := content(t, root)
	for _, state := range s.states {
		if testtree.Diff(got, state) == "" {
			return false
		}
	}
	t.Errorf("%s: %v is the state after no transaction; %s", name, got, j.Recovered().Summary())
	return false
}

// losePower leaves nothing of what was not checkpointed.
func losePower(t *testing.T, root string) {
	t.Helper()
	for name := range content(t, root) {
		if err := os.Remove(filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEveryCutOfTheLogLeavesAPrefix(t *testing.T) {
	t.Parallel()
	s := newSmallLog(t)
	second := s.groups(t)[1]
	for at := int64(0); at <= s.used; at++ {
		for name, spoil := range map[string]func(b []byte) []byte{
			"zeroes from": func(b []byte) []byte { clear(b[at:]); return b },
			"cut at":      func(b []byte) []byte { return b[:at] },
		} {
			// FORMAT proves that the first group, with the open record, was durable.
			if corrupt := s.judge(t, fmt.Sprint(name, " ", at), spoil); corrupt != (at < second) {
				t.Errorf("%s %d: refused as corrupt: %v", name, at, corrupt)
			}
		}
	}
}

// groups returns the offset of each group: first the open record's, then one for each
// transaction.
func (s smallLog) groups(t *testing.T) []int64 {
	t.Helper()
	var offsets []int64
	for r, err := range recovery.Records(t.Context(), s.root, nil) {
		if err != nil {
			t.Fatal(err)
		}
		if int(r.LSN) > len(offsets) {
			offsets = append(offsets, r.Offset)
		}
	}
	if len(offsets) != len(s.states) {
		t.Fatalf("groups at %v, want one for each of %d states", offsets, len(s.states))
	}
	return offsets
}

func TestEveryFlippedBitIsAPrefixOrCorruption(t *testing.T) {
	t.Parallel()
	s := newSmallLog(t)
	step := int64(1)
	if testing.Short() {
		step = 13
	}
	corrupt, prefix := 0, 0
	for bit := int64(0); bit < s.used*8; bit += step {
		if s.judge(t, fmt.Sprintf("bit %d flipped", bit), func(b []byte) []byte {
			b[bit/8] ^= 1 << (bit % 8)
			return b
		}) {
			corrupt++
		} else {
			prefix++
		}
	}
	t.Logf("%d flips: %d refused as corrupt, %d in the last group, taken for a torn tail", corrupt+prefix, corrupt, prefix)
	if corrupt == 0 || prefix == 0 {
		t.Error("both must happen")
	}
}

// TestSalvageKeepsTheIntactPrefix: with a damaged group in the middle, salvage comes
// to the state before it, keeps the bytes that it cuts off, and the journal goes on.
func TestSalvageKeepsTheIntactPrefix(t *testing.T) {
	t.Parallel()
	s := newSmallLog(t)
	const damaged = 2 // the second transaction
	at := s.groups(t)[damaged]
	data, err := os.ReadFile(s.segment)
	if err != nil {
		t.Fatal(err)
	}
	data[at+40] ^= 1
	if err := os.WriteFile(s.segment, data, 0o600); err != nil {
		t.Fatal(err)
	}
	losePower(t, s.root)
	if _, err := journal.Open(t.Context(), s.root, nil); !errors.Is(err, recovery.ErrCorrupt) {
		t.Fatalf("Open: %v", err)
	}
	j := open(t, s.root, &journal.Options{Recovery: recovery.Salvage})
	if d := testtree.Diff(content(t, s.root), s.states[damaged-1]); d != "" {
		t.Errorf("after salvage:\n%s", d)
	}
	kept := j.Recovered().Tail.LostFound
	if len(kept) != 1 {
		t.Fatalf("kept: %q", kept)
	}
	cut, err := os.ReadFile(filepath.Join(s.root, ".journal", kept[0]))
	if err != nil || !bytes.HasPrefix(cut, data[at:s.used]) {
		t.Errorf("%d bytes were cut off at %d, kept are others (%v)", s.used-at, at, err)
	}
	write(t, j, "after", "salvage")
}

// TestSessionsThatWriteNothing: a segment that was made ahead and never used is left
// behind by a crash; sessions that only read must not take it for the log.
func TestSessionsThatWriteNothing(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	j := open(t, root, nil)
	write(t, j, "a", "A")
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = open(t, root, nil)
	tx, err := j.Begin(t.Context()) // makes the session's first segment, in the background
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	segments := func(root string) int {
		all, err := filepath.Glob(filepath.Join(root, ".journal", "log", "0*"))
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	for deadline := time.Now().Add(10 * time.Second); segments(root) < 2; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("no segment is made")
		}
	}
	crash := crashed(t, root)
	for range 3 {
		j, err := journal.Open(t.Context(), crash, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if d := testtree.Diff(recovered(t, crash).Contents(), map[string]string{"a": "A"}); d != "" {
		t.Error(d)
	}
	if n := segments(crash); n != 1 {
		t.Errorf("%d segments are left", n)
	}
}
