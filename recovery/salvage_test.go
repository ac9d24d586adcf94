package recovery

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/forewrite/forewrite/internal/walfile"
	"github.com/forewrite/forewrite/internal/walfile/walfiletest"
	"github.com/forewrite/forewrite/journal/record"
)

// Epochs beyond the damage go from the end of the log: a crash in between must not
// leave a gap.
func TestSalvageDropsTheNewestEpochFirst(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	dir := filepath.Join(root, ".journal")
	b := walfiletest.New(t, filepath.Join(dir, "log"))
	if err := WriteFormat(dir, 0); err != nil {
		t.Fatal(err)
	}
	b.Epoch(0).Open(0, 0).Raw([]byte("damage"))
	for tx := range record.TxID(3) {
		b.LSN++ // of the group that was damaged
		b.Epoch(0).Tx(tx+1, walfiletest.Put("a", "1"))
	}
	a, err := analyse(context.Background(), root, dir, walfile.Options{}, Salvage)
	if err != nil {
		t.Fatal(err)
	}
	defer a.close()
	var numbers []uint64
	for _, name := range a.salvage.epochs {
		numbers = append(numbers, name.Number)
	}
	if len(numbers) != 3 || numbers[0] != 4 || numbers[1] != 3 || numbers[2] != 2 || a.report.Next.Epoch != 2 {
		t.Errorf("%v, next %d", numbers, a.report.Next.Epoch)
	}
	if _, err := os.Stat(b.Path()); err != nil {
		t.Error(err) // analysing changes nothing
	}
}

// A rename that a crash has left half done shows the epoch under both names.
func TestALeftoverWithTheNameOfARetiredEpoch(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	dir := filepath.Join(root, ".journal")
	b := walfiletest.New(t, filepath.Join(dir, "log"))
	if err := WriteFormat(dir, 0); err != nil {
		t.Fatal(err)
	}
	b.Epoch(0).Open(0, 0).Tx(1, walfiletest.Put("a", "1"))
	if err := os.CopyFS(filepath.Join(b.Dir, "dead-"+b.Name.String()), os.DirFS(filepath.Dir(b.Path()))); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(context.Background(), root, dir, Options{}); err != nil {
		t.Fatal(err)
	}
	if l, err := walfile.List(b.Dir); err != nil || len(l.Epochs) != 1 || len(l.Leftovers) != 0 {
		t.Errorf("%+v, %v", l, err)
	}
}
