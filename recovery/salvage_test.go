package recovery

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/forewrite/forewrite/internal/layout"
	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/internal/segment/segmenttest"
	"github.com/forewrite/forewrite/journal/record"
)

// newJournal makes a journal with an empty log.
func newJournal(t *testing.T) (*layout.Dir, *segmenttest.Builder) {
	t.Helper()
	dir, err := layout.Create(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dir.Close() })
	if err := dir.WriteFormat(0); err != nil {
		t.Fatal(err)
	}
	return dir, segmenttest.New(t, dir.Log())
}

// The segments after the damage are retired from the end of the log: a crash in
// between must not leave a gap.
func TestSalvageDropsTheNewestSegmentFirst(t *testing.T) {
	t.Parallel()
	dir, b := newJournal(t)
	b.Segment(0).Open(0, 0).Raw([]byte("damage"))
	for tx := range record.TxID(3) {
		b.LSN++ // of the group that was damaged
		b.Segment(0).Tx(tx+1, segmenttest.Put("a", "1"))
	}
	a, err := analyse(context.Background(), dir, segment.Options{}, Salvage)
	if err != nil {
		t.Fatal(err)
	}
	defer a.close()
	var numbers []uint64
	for _, name := range a.salvaged.segments {
		numbers = append(numbers, name.Number)
	}
	if len(numbers) != 3 || numbers[0] != 4 || numbers[1] != 3 || numbers[2] != 2 || a.report.Next.Segment != 2 {
		t.Errorf("%v, next %d", numbers, a.report.Next.Segment)
	}
	if _, err := os.Stat(b.Path()); err != nil {
		t.Error(err) // analysing changes nothing
	}
}

// A rename that a crash has left half done shows the segment under both names.
func TestALeftoverWithTheNameOfARetiredSegment(t *testing.T) {
	t.Parallel()
	dir, b := newJournal(t)
	b.Segment(0).Open(0, 0).Tx(1, segmenttest.Put("a", "1"))
	if err := os.CopyFS(filepath.Join(b.Dir, "dead-"+b.Name.String()), os.DirFS(filepath.Dir(b.Path()))); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(context.Background(), dir, Options{}); err != nil {
		t.Fatal(err)
	}
	if l, err := segment.List(b.Dir); err != nil || len(l.Segments) != 1 || len(l.Leftovers) != 0 {
		t.Errorf("%+v, %v", l, err)
	}
}
