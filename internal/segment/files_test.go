package segment_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/internal/segment/segmenttest"
	"github.com/forewrite/forewrite/journal/record"
)

func TestNamesReadBackOnlyAsWritten(t *testing.T) {
	t.Parallel()
	for _, n := range []segment.Name{{Number: 1}, {Number: 42, Salt: 0xabc}, {Number: 1 << 63, Salt: 1<<64 - 1}} {
		if got, ok := segment.ParseName(n.String()); !ok || got != n {
			t.Errorf("%s: %v, %v", n, got, ok)
		}
		text, err := json.Marshal(n)
		var back segment.Name
		if err != nil || json.Unmarshal(text, &back) != nil || back != n {
			t.Errorf("%s: JSON %s, %v", n, text, back)
		}
	}
	for _, s := range []string{"", "1", "00000001", "00000000-0000000000000001", "1-0000000000000001", "00000001-1",
		"00000001-000000000000000A", "00000001-0000000000000001 ", "000000001-0000000000000001", "-0000001-0000000000000001"} {
		if n, ok := segment.ParseName(s); ok {
			t.Errorf("%q is read as %v", s, n)
		}
	}
}

func TestADraftBecomesASegmentWhenItIsPublished(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d, err := segment.NewDraft(dir, 7)
	if err != nil {
		t.Fatal(err)
	}
	defer d.File.Close()
	const size = 600 << 10 // no multiple of a single write
	if err := d.Fill(size); err != nil {
		t.Fatal(err)
	}
	l, err := segment.List(dir)
	if err != nil || len(l.Segments) != 0 || len(l.Leftovers) != 1 || len(l.Strays) != 0 {
		t.Fatalf("before: %+v, %v", l, err)
	}
	if err := d.Publish(); err != nil {
		t.Fatal(err)
	}
	l, err = segment.List(dir)
	if err != nil || len(l.Segments) != 1 || l.Segments[0] != d.Name || len(l.Leftovers) != 0 {
		t.Fatalf("after: %+v, %v", l, err)
	}
	data, err := os.ReadFile(segment.Path(dir, d.Name))
	if err != nil || len(data) != 0 && !bytes.Equal(data, make([]byte, size)) {
		t.Errorf("filled with %d bytes, %v", len(data), err)
	}
	if _, err := d.File.WriteAt([]byte("x"), 0); err != nil {
		t.Errorf("the file is no longer open for writing: %v", err)
	}
	if err := d.Discard(); err != nil {
		t.Fatal(err)
	}
	if l, err := segment.List(dir); err != nil || len(l.Segments) != 0 {
		t.Errorf("discarded: %+v, %v", l, err)
	}
}

func TestWriteSegmentHoldsOneGroup(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	payload := record.AppendCheckpoint(nil, record.Mark{CheckpointLSN: 4, LastTx: 9, Time: segmenttest.Time})
	name, err := segment.Write(dir, 3, func(salt uint64) []byte {
		group := append(make([]byte, record.HeaderSize), payload...)
		record.Seal(group, salt, 5, 77)
		return group
	})
	if err != nil {
		t.Fatal(err)
	}
	log, groups := scan(t, dir)
	if log.End.State != segment.Clean || len(groups) != 1 || groups[0] != (seen{5, string(payload)}) || log.Segments[0] != name {
		t.Errorf("%+v", log)
	}
}

func TestRetireRemovesSegments(t *testing.T) {
	t.Parallel()
	b, _ := threeSegments(t, 10)
	b.Checkpoint(7, 5)
	log, _ := scan(t, b.Dir)
	if err := segment.Retire(b.Dir, log.Segments[:2]...); err != nil {
		t.Fatal(err)
	}
	log, groups := scan(t, b.Dir)
	if log.End.State != segment.Clean || len(groups) != 3 || log.First != 6 || len(log.Leftovers) != 0 {
		t.Errorf("%+v", log)
	}
}

func TestLeftoversAreListedAndRemoved(t *testing.T) {
	t.Parallel()
	b, _ := threeSegments(t, 10)
	for _, name := range []string{"new-00000004-0000000000000001", "dead-00000001-0000000000000002"} {
		mkdir(t, filepath.Join(b.Dir, name))
		rewrite(t, filepath.Join(b.Dir, name, segment.FileName), []byte("x"))
	}
	mkdir(t, filepath.Join(b.Dir, "new-something"))
	rewrite(t, filepath.Join(b.Dir, "dead-00000001-0000000000000003"), nil)
	l, err := segment.List(b.Dir)
	if err != nil || len(l.Leftovers) != 2 || len(l.Strays) != 2 {
		t.Fatalf("%+v, %v", l, err)
	}
	if err := segment.RemoveLeftovers(b.Dir, l); err != nil {
		t.Fatal(err)
	}
	if l, err := segment.List(b.Dir); err != nil || len(l.Leftovers) != 0 || len(l.Strays) != 2 || len(l.Segments) != 3 {
		t.Errorf("%+v, %v", l, err)
	}
}

func TestEntrySize(t *testing.T) {
	t.Parallel()
	for _, n := range []int{32, 127, 128, 16383, 16384} {
		if got, want := segment.EntrySize(n), int64(len(segment.AppendEntry(nil, make([]byte, n)))); got != want {
			t.Errorf("%d: %d, want %d", n, got, want)
		}
	}
}
