//go:build linux && (amd64 || arm64)

package fuzz

import (
	"strings"
	"testing"

	"github.com/forewrite/forewrite/fuzz/crashfs"
	"github.com/forewrite/forewrite/journal"
)

// recoveries recovers states that a power loss leaves after an acknowledged commit, and
// calls look with what each recovery did. It ends when look has counted to ten.
func recoveries(t *testing.T, script string, look func(crashfs.Trace) (n int, wrong string)) {
	t.Helper()
	p := play(t, parse("redo", script), nil)
	fs := borrow(t)
	count := 0
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
		trace := fs.Trace()
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		n, wrong := look(trace)
		if wrong != "" {
			t.Fatalf("state %s, seed %d: %s", st, *seed, wrong)
		}
		if count += n; count >= 10 {
			return
		}
	}
	t.Errorf("only %d were seen", count)
}

// What recovery renames into place is durable before. Otherwise a second power loss
// could leave garbage under a name that has just changed, and the next recovery would
// take it for a file that another program changed after the crash. The explorer rarely
// builds such a state, so this looks at the operations themselves.
func TestRegressRecoveryFsyncsWhatItRenames(t *testing.T) {
	recoveries(t, `
segment 4096
file a 100
open
tx
write a 700
write new 3000
commit
`, func(trace crashfs.Trace) (n int, wrong string) {
		n, dirty := renamedFiles(trace.Ops)
		if dirty != "" {
			wrong = "recovery renames " + dirty + " and has not fsynced it"
		}
		return n, wrong
	})
}

// The log names staged payloads until the checkpoint is in it. Until then they stay:
// if recovery crashes and another program changes the file meanwhile, the next recovery
// has nothing else to copy to lost+found.
func TestRegressRecoveryEmptiesStagingAfterItsCheckpoint(t *testing.T) {
	recoveries(t, `
segment 4096
inline 1000
file a 100
open
tx
write a 3000
commit
`, func(trace crashfs.Trace) (n int, wrong string) {
		var log, staging crashfs.Ino
		payloads := make(map[string]bool)
		for _, e := range trace.Start {
			switch dir, name, _ := strings.Cut(e.Path, ".journal/staging/"); {
			case e.Path == ".journal/log":
				log = e.Ino
			case e.Path == ".journal/staging":
				staging = e.Ino
			case dir == "" && name != "":
				payloads[name] = true
			}
		}
		checkpointed := false
		for _, op := range trace.Ops {
			switch {
			case op.Kind == crashfs.KindRename && op.Dir == log && strings.HasPrefix(op.Name, "new-"):
				checkpointed = true
			case op.Kind == crashfs.KindUnlink && op.Dir == staging && payloads[op.Name]:
				n++
				if !checkpointed {
					return n, "recovery removes " + op.Name + " from staging before its checkpoint is in the log"
				}
			}
		}
		return n, ""
	})
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
