//go:build linux && (amd64 || arm64)

package fuzz

import (
	"testing"

	"github.com/forewrite/forewrite/fuzz/crashfs"
	"github.com/forewrite/forewrite/journal"
)

// What recovery renames into place is durable before. Otherwise a second power loss
// could leave garbage under a name that has just changed, and the next recovery would
// take it for a file that another program changed after the crash. The explorer rarely
// builds such a state, so this looks at the operations themselves.
func TestRegressRecoveryFsyncsWhatItRenames(t *testing.T) {
	p := play(t, parse("redo", `
segment 4096
file a 100
open
tx
write a 700
write new 3000
commit
`), nil)
	fs := borrow(t)
	renames := 0
	for st := range (crashfs.Explorer{Trace: p.h.trace, Limit: 16, Samples: 8, Seed: *seed}).States() {
		if st.Mode != crashfs.PowerLoss || p.h.required(st.Until) == 0 {
			continue
		}
		fs.Reboot(st.Image())
		opts := p.h.opts
		j, err := journal.Open(t.Context(), fs.Dir(), &opts)
		if err != nil {
			t.Fatalf("state %s, seed %d: %v", st, *seed, err)
		}
		ops := fs.Trace().Ops
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		n, dirty := renamedFiles(ops)
		if dirty != "" {
			t.Fatalf("state %s, seed %d: recovery renames %s and has not fsynced it", st, *seed, dirty)
		}
		if renames += n; renames >= 10 {
			return
		}
	}
	t.Errorf("recovery has renamed %d files", renames)
}

// renamedFiles returns how many of the files that were written were renamed, and the
// name of one that had not been fsynced by then.
func renamedFiles(ops []crashfs.Op) (n int, dirty string) {
	type entry struct {
		dir  crashfs.Ino
		name string
	}
	made := make(map[entry]crashfs.Ino)
	written := make(map[crashfs.Ino]bool) // value: and not fsynced
	for _, op := range ops {
		switch op.Kind {
		case crashfs.KindCreate:
			made[entry{op.Dir, op.Name}] = op.Node
		case crashfs.KindWrite:
			written[op.Node] = true
		case crashfs.KindFsync:
			if written[op.Node] {
				written[op.Node] = false
			}
		case crashfs.KindRename:
			unsynced, file := written[made[entry{op.Dir, op.Name}]]
			if file {
				n++
			}
			if unsynced {
				dirty = op.Name
			}
		}
	}
	return n, dirty
}
