package walfile_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/forewrite/forewrite/internal/walfile"
	"github.com/forewrite/forewrite/internal/walfile/walfiletest"
	"github.com/forewrite/forewrite/journal/record"
)

func TestNamesReadBackOnlyAsWritten(t *testing.T) {
	t.Parallel()
	for _, n := range []walfile.Name{{Number: 1}, {Number: 42, Salt: 0xabc}, {Number: 1 << 63, Salt: 1<<64 - 1}} {
		if got, ok := walfile.ParseName(n.String()); !ok || got != n {
			t.Errorf("%s: %v, %v", n, got, ok)
		}
		text, err := json.Marshal(n)
		var back walfile.Name
		if err != nil || json.Unmarshal(text, &back) != nil || back != n {
			t.Errorf("%s: JSON %s, %v", n, text, back)
		}
	}
	for _, s := range []string{"", "1", "00000001", "00000000-0000000000000001", "1-0000000000000001", "00000001-1",
		"00000001-000000000000000A", "00000001-0000000000000001 ", "000000001-0000000000000001", "-0000001-0000000000000001"} {
		if n, ok := walfile.ParseName(s); ok {
			t.Errorf("%q is taken for %v", s, n)
		}
	}
}

func TestADraftBecomesAnEpochOnlyWhenPublished(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d, err := walfile.NewDraft(dir, 7)
	if err != nil {
		t.Fatal(err)
	}
	defer d.File.Close()
	const size = 600 << 10 // no multiple of a single write
	if err := d.Fill(size); err != nil {
		t.Fatal(err)
	}
	l, err := walfile.List(dir)
	if err != nil || len(l.Epochs) != 0 || len(l.Leftovers) != 1 || len(l.Strays) != 0 {
		t.Fatalf("before: %+v, %v", l, err)
	}
	if err := d.Publish(); err != nil {
		t.Fatal(err)
	}
	l, err = walfile.List(dir)
	if err != nil || len(l.Epochs) != 1 || l.Epochs[0] != d.Name || len(l.Leftovers) != 0 {
		t.Fatalf("after: %+v, %v", l, err)
	}
	data, err := os.ReadFile(walfile.Path(dir, d.Name))
	if err != nil || len(data) != 0 && !bytes.Equal(data, make([]byte, size)) {
		t.Errorf("filled with %d bytes, %v", len(data), err)
	}
	if _, err := d.File.WriteAt([]byte("x"), 0); err != nil {
		t.Errorf("the file is not open for writing any more: %v", err)
	}
	if err := d.Discard(); err != nil {
		t.Fatal(err)
	}
	if l, err := walfile.List(dir); err != nil || len(l.Epochs) != 0 {
		t.Errorf("discarded: %+v, %v", l, err)
	}
}

func TestWriteEpochHoldsOneGroup(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	payload := record.AppendCheckpoint(nil, record.Mark{Through: 4, LastTx: 9, Time: walfiletest.Time})
	name, err := walfile.WriteEpoch(dir, 3, func(salt uint64) []byte {
		group := append(make([]byte, record.HeaderSize), payload...)
		record.Seal(group, salt, 5, 77)
		return group
	})
	if err != nil {
		t.Fatal(err)
	}
	log, groups := scan(t, dir)
	if log.End.State != walfile.Clean || len(groups) != 1 || groups[0] != (seen{5, string(payload)}) || log.Epochs[0] != name {
		t.Errorf("%+v", log)
	}
}

func TestRetiredEpochsAreGone(t *testing.T) {
	t.Parallel()
	b, _ := threeEpochs(t, 10)
	b.Checkpoint(7, 5)
	log, _ := scan(t, b.Dir)
	if err := walfile.Retire(b.Dir, log.Epochs[:2]...); err != nil {
		t.Fatal(err)
	}
	log, groups := scan(t, b.Dir)
	if log.End.State != walfile.Clean || len(groups) != 3 || log.First != 6 || len(log.Leftovers) != 0 {
		t.Errorf("%+v", log)
	}
}

func TestLeftoversAreListedAndRemoved(t *testing.T) {
	t.Parallel()
	b, _ := threeEpochs(t, 10)
	for _, name := range []string{"new-00000004-0000000000000001", "dead-00000001-0000000000000002"} {
		mkdir(t, filepath.Join(b.Dir, name))
		rewrite(t, filepath.Join(b.Dir, name, walfile.FileName), []byte("x"))
	}
	mkdir(t, filepath.Join(b.Dir, "new-something"))
	rewrite(t, filepath.Join(b.Dir, "dead-00000001-0000000000000003"), nil)
	l, err := walfile.List(b.Dir)
	if err != nil || len(l.Leftovers) != 2 || len(l.Strays) != 2 {
		t.Fatalf("%+v, %v", l, err)
	}
	if err := walfile.RemoveLeftovers(b.Dir, l); err != nil {
		t.Fatal(err)
	}
	if l, err := walfile.List(b.Dir); err != nil || len(l.Leftovers) != 0 || len(l.Strays) != 2 || len(l.Epochs) != 3 {
		t.Errorf("%+v, %v", l, err)
	}
}

func TestEntrySize(t *testing.T) {
	t.Parallel()
	for _, n := range []int{32, 127, 128, 16383, 16384} {
		if got, want := walfile.EntrySize(n), int64(len(walfile.AppendEntry(nil, make([]byte, n)))); got != want {
			t.Errorf("%d: %d, want %d", n, got, want)
		}
	}
}
