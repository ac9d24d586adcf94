package logwriter_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
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
	for _, size := range []int{10, 100 << 10, 10} {
		add(t, w, size)
	}
	if log := scan(t, dir); log.Groups != 3 || log.End.State != segment.Clean {
		t.Errorf("%d groups, %v: %v", log.Groups, log.End.State, log.End.Err)
	}
}

func TestReclaimLeavesWhatIsNeeded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := logwriter.New(dir, first(), nil, 8<<10)
	defer w.Close()
	for range 20 {
		add(t, w, 2000)
	}
	for _, checkpointed := range []record.LSN{0, 7, 19, 20} {
		if err := w.Reclaim(checkpointed); err != nil {
			t.Fatal(err)
		}
		log := scan(t, dir)
		if log.Last != 20 || log.First > checkpointed+1 {
			t.Errorf("after Reclaim(%d) the log has groups %d to %d", checkpointed, log.First, log.Last)
		}
		if checkpointed >= 7 && log.First == 1 {
			t.Errorf("Reclaim(%d) has reclaimed nothing", checkpointed)
		}
	}
}

func TestFinishLeavesOneSegmentWithOneGroup(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := logwriter.New(dir, first(), nil, 8<<10)
	for range 20 {
		add(t, w, 2000)
	}
	if err := w.Finish(group(21, 1)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	log := scan(t, dir)
	if log.Groups != 1 || log.Last != 21 || len(log.Segments) != 1 || log.End.State != segment.Clean {
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
