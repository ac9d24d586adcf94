package logwriter_test

import (
	"testing"

	"github.com/forewrite/forewrite/internal/logwriter"
	"github.com/forewrite/forewrite/internal/testenv"
)

// A segment that is full, one that is too small and one that was made in vain are closed.
func TestAWriterLeavesNoDescriptor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := logwriter.New(dir, first(), nil, 8<<10)
	w.Prepare()
	add(t, w, 20<<10)
	for range 40 {
		add(t, w, 2000)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if open := testenv.OpenFiles(t, dir); len(open) > 0 {
		t.Errorf("open: %q", open)
	}
}
