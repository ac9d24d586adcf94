package recovery_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/forewrite/forewrite/internal/segment/segmenttest"
	"github.com/forewrite/forewrite/internal/testenv"
	"github.com/forewrite/forewrite/recovery"
)

func TestMain(m *testing.M) { testenv.Main(m, nil) }

// A full disk stops recovery with the log as it was; with room, it goes on.
func TestAFullDiskStopsRecoveryUntilThereIsRoom(t *testing.T) {
	t.Parallel()
	mount := testenv.Tmpfs(t, 1)
	w := &world{t: t, root: mount, dir: filepath.Join(mount, ".journal")}
	w.mkdir(".journal/staging")
	w.Builder = segmenttest.New(t, filepath.Join(w.dir, "log"))
	w.Segment(0).Open(0, 0)
	w.makeFormat()
	big := strings.Repeat("big", 40<<10)
	w.Tx(1, put("a", "1"), put("big", big))

	filler := w.path("filler")
	if err := os.WriteFile(filler, make([]byte, 2<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the disk does not fill up: %v", err)
	}
	log, err := os.ReadFile(w.Path())
	w.check(err)
	for range 2 {
		_, err := w.recover(context.Background(), recovery.Options{})
		if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "tx 1: put") {
			t.Fatalf("%v", err)
		}
	}
	if now, err := os.ReadFile(w.Path()); err != nil || !bytes.Equal(now, log) {
		t.Errorf("the log has changed: %v", err)
	}
	w.remove("filler")
	w.run()
	w.expect(map[string]string{"a": "1", "big": big})
}
