package logwriter_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/forewrite/forewrite/internal/logwriter"
	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
)

// group returns an unsealed group with one checkpoint mark and padding.
func group(lsn record.LSN, size int) []byte {
	payload := record.AppendCheckpoint(make([]byte, record.HeaderSize), record.Mark{CheckpointLSN: lsn - 1})
	i := record.Intent{Tx: 1, Op: record.OpPut, Mode: 0o644, Path: "f", Payload: record.Inline([]byte(strings.Repeat("x", size)))}
	intents := record.AppendIntent(nil, &i)
	payload = append(payload, intents...)
	return record.AppendCommit(payload, record.Commit{Tx: 1, Intents: 1}, intents)
}

func add(t *testing.T, w *logwriter.Writer, size int) record.LSN {
	t.Helper()
	g := group(w.LastLSN()+1, size)
	if err := w.Reserve(len(g), false); err != nil {
		t.Fatal(err)
	}
	lsn, err := w.Append(g)
	if err != nil {
		t.Fatal(err)
	}
	return lsn
}

func scan(t *testing.T, dir string) *segment.Log {
	t.Helper()
	log, err := segment.Scan(t.Context(), dir, segment.Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return log
}

func first() logwriter.Position { return logwriter.Position{Segment: 1, LSN: 1} }

func TestWriterWritesNothingBeforeTheFirstGroup(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := logwriter.New(dir, first(), nil, 1<<20).Close(); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("in the log: %v", left)
	}
}

func TestASegmentThatWasPreparedInVainIsRemoved(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := logwriter.New(dir, first(), nil, 1<<20)
	w.Prepare()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	w.Prepare() // after Close it does nothing
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("in the log: %v", left)
	}
}

func TestGroupsOfManySegmentsFormOneLog(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := logwriter.New(dir, first(), nil, 16<<10)
	const groups = 200
	for n := range groups {
		if lsn := add(t, w, 100+37*n%2000); lsn != record.LSN(n+1) {
			t.Fatalf("group %d has LSN %d", n+1, lsn)
		}
	}
	log := scan(t, dir)
	if log.Groups != groups || log.End.State != segment.Clean || len(log.Segments) < 5 {
		t.Errorf("%d groups in %d segments, end %v: %v", log.Groups, len(log.Segments), log.End.State, log.End.Err)
	}
	if got := w.Segments(); got < len(log.Segments)-1 || got > len(log.Segments) { // one more may be made ahead
		t.Errorf("Segments() = %d of %d", got, len(log.Segments))
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}

func TestAGroupLargerThanASegmentGetsOneOfItsOwn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := logwriter.New(dir, first(), nil, 8<<10)
	defer w.Close()
	w.Prepare()
	for _, size := range []int{100 << 10, 10, 100 << 10, 10} { // the first one finds one that is too small
		add(t, w, size)
	}
	if log := scan(t, dir); log.Groups != 4 || log.End.State != segment.Clean {
		t.Errorf("%d groups, %v: %v", log.Groups, log.End.State, log.End.Err)
	}
	if err := w.Finish(group(5, 1)); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 { // also those that were made in vain
		t.Errorf("in the log: %v", left)
	}
}

// Appending overwrites blocks that are allocated, up to the last byte.
func TestASegmentStaysAsLargeAsItWasMade(t *testing.T) {
	t.Parallel()
	const size = 8 << 10
	for _, step := range []int{1, 31, 64, 200} { // sizes that leave a rest of any size
		dir := t.TempDir()
		w := logwriter.New(dir, first(), nil, size)
		for n := range 300 {
			g := group(w.LastLSN()+1, n*step%500)
			if err := w.Reserve(len(g), true); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Append(g); err != nil {
				t.Fatal(err)
			}
		}
		log := scan(t, dir)
		for _, s := range log.Segments {
			fi, err := os.Stat(filepath.Join(dir, s.String(), "00000000000000000001"))
			if err != nil || fi.Size() != size {
				t.Errorf("segment %d has %d bytes, %v", s.Number, fi.Size(), err)
			}
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestALargeGroupFindsRoomThatIsFilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := logwriter.New(dir, first(), nil, 8<<10)
	defer w.Close()
	g := group(1, 100<<10)
	if err := w.Reserve(len(g), false); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*", "00000000000000000001"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	if fi, err := os.Stat(files[0]); err != nil || fi.Size() < int64(len(g)) {
		t.Errorf("%d bytes for a group of %d, %v", fi.Size(), len(g), err)
	}
}

// When the disk is full, here since the log is away, there is still room to note a
// checkpoint, which frees space.
func TestAMarkHasRoomWhenNoSegmentCanBeMade(t *testing.T) {
	t.Parallel()
	for size := 100; size < 1000; size += 100 {
		dir := t.TempDir()
		w := logwriter.New(dir, first(), nil, 8<<10)
		defer w.Close()
		add(t, w, size)
		if err := os.Rename(dir, dir+"-away"); err != nil {
			t.Fatal(err)
		}
		for {
			g := group(w.LastLSN()+1, size)
			if err := w.Reserve(len(g), false); err != nil {
				break
			}
			if _, err := w.Append(g); err != nil {
				t.Fatal(err)
			}
		}
		for n := range 5 {
			mark := record.AppendCheckpoint(make([]byte, record.HeaderSize), record.Mark{CheckpointLSN: w.LastLSN()})
			err := w.Reserve(len(mark), true)
			if err == nil {
				_, err = w.Append(mark)
			}
			if err != nil {
				t.Errorf("groups of %d bytes: mark %d: %v", size, n, err)
			}
		}
		if err := os.Rename(dir+"-away", dir); err != nil {
			t.Fatal(err)
		}
		if log := scan(t, dir); log.Last != w.LastLSN() || log.End.State != segment.Clean {
			t.Errorf("%d of %d groups, %v: %v", log.Last, w.LastLSN(), log.End.State, log.End.Err)
		}
	}
}

func TestReclaimLeavesWhatIsNeeded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := logwriter.New(dir, first(), nil, 8<<10)
	defer w.Close()
	const groups = 20
	for range groups {
		add(t, w, 2000)
	}
	for checkpointed := range record.LSN(groups + 1) {
		if err := w.Reclaim(checkpointed); err != nil {
			t.Fatal(err)
		}
		log := scan(t, dir)
		if log.Last != groups || log.First > checkpointed+1 {
			t.Errorf("after Reclaim(%d) the log has groups %d to %d", checkpointed, log.First, log.Last)
		}
		if checkpointed >= 7 && log.First == 1 {
			t.Errorf("Reclaim(%d) has reclaimed nothing", checkpointed)
		}
		if got := w.Segments(); got > len(log.Segments) {
			t.Errorf("Segments() = %d of %d after Reclaim(%d)", got, len(log.Segments), checkpointed)
		}
	}
}

// LSN and hash of the last group must be found in the log at any time: until this session
// has written one, that is the last session's, in whichever of its segments.
func TestReclaimLeavesTheLastGroupOfTheLastSession(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := logwriter.New(dir, first(), nil, 8<<10)
	for range 6 {
		add(t, w, 2000)
	}
	if err := w.Reserve(7000, false); err != nil { // the newest segment holds nothing
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	old := scan(t, dir)
	number := old.Segments[len(old.Segments)-1].Number
	w = logwriter.New(dir, logwriter.Position{Segment: number + 1, LSN: old.Last + 1, Prev: old.Prev}, old.Segments, 8<<10)
	defer w.Close()
	kept := func(when string, want bool) {
		t.Helper()
		if err := w.Reclaim(w.LastLSN()); err != nil {
			t.Fatal(err)
		}
		log := scan(t, dir)
		if got := len(log.Segments) >= len(old.Segments); got != want || log.Last != w.LastLSN() {
			t.Errorf("%s: %d of %d segments, the last group is %d of %d", when, len(log.Segments), len(old.Segments), log.Last, w.LastLSN())
		}
	}
	kept("before this session has a segment", true)
	if err := w.Reserve(1000, false); err != nil {
		t.Fatal(err)
	}
	kept("before this session has a group", true)
	add(t, w, 1000)
	kept("when it has one", false)
}

func TestFinishLeavesOneSegmentWithOneGroup(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := logwriter.New(dir, first(), nil, 8<<10)
	const groups = 21 // when the last one is added, the next segment is made ahead
	for range groups {
		add(t, w, 2000)
	}
	if err := w.Finish(group(groups+1, 1)); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 { // not even for a moment two with one number
		t.Errorf("in the log: %v", left)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	log := scan(t, dir)
	if log.Groups != 1 || log.Last != groups+1 || len(log.Segments) != 1 || log.End.State != segment.Clean {
		t.Errorf("%d groups up to %d in %d segments, %v: %v", log.Groups, log.Last, len(log.Segments), log.End.State, log.End.Err)
	}
}

func TestASessionContinuesTheChainOfTheLastOne(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	next := first()
	for session := range 3 {
		old := scan(t, dir)
		w := logwriter.New(dir, next, old.Segments, 8<<10)
		add(t, w, 10)
		add(t, w, 10)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		log := scan(t, dir)
		if want := 2 * (session + 1); log.Groups != want || log.End.State != segment.Clean {
			t.Fatalf("session %d: %d groups, %v: %v", session, log.Groups, log.End.State, log.End.Err)
		}
		next = logwriter.Position{Segment: log.Segments[len(log.Segments)-1].Number + 1, LSN: log.Last + 1, Prev: log.Prev}
	}
}

func TestReserveCanBeTriedAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := logwriter.New(dir, first(), nil, 8<<10)
	defer w.Close()
	if err := os.Rename(dir, dir+"-away"); err != nil {
		t.Fatal(err)
	}
	err := w.Reserve(1000, false)
	if !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(fmt.Sprint(err), "make segment 1: ") {
		t.Errorf("Reserve: %v", err)
	}
	if err := os.Rename(dir+"-away", dir); err != nil {
		t.Fatal(err)
	}
	add(t, w, 1000)
	if log := scan(t, dir); log.Groups != 1 {
		t.Errorf("%d groups", log.Groups)
	}
}

// When no next segment can be made, here since the log directory is away, the current
// one still has space for the mark of the checkpoint that frees some.
func TestAFullSegmentHasSpaceForAMark(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows renames no directory with an open file in it")
	}
	dir := t.TempDir()
	w := logwriter.New(dir, first(), nil, 8<<10)
	defer w.Close()
	add(t, w, 10)
	if err := os.Rename(dir, dir+"-away"); err != nil {
		t.Fatal(err)
	}
	for size := 2000; size > 0; size /= 2 {
		for w.Reserve(len(group(1, size)), false) == nil {
			add(t, w, size)
		}
	}
	mark := group(w.LastLSN()+1, 1)
	if err := w.Reserve(len(mark), true); err != nil {
		t.Fatal(err)
	}
	lsn, err := w.Append(mark)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(dir+"-away", dir); err != nil {
		t.Fatal(err)
	}
	if log := scan(t, dir); log.Last != lsn || log.End.State != segment.Clean {
		t.Errorf("the log ends with group %d, not %d, %v: %v", log.Last, lsn, log.End.State, log.End.Err)
	}
}
