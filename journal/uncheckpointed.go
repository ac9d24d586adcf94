package journal

import (
	"sync"

	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/journal/record"
)

// uncheckpointed knows what was applied since the last checkpoint.
type uncheckpointed struct {
	mu     sync.Mutex
	lsn    record.LSN // of the last group that was applied whole
	dirty  apply.Dirty
	staged []stagedPayload // oldest first
	size   int64           // of staged, in bytes
}

// stagedPayload is needed for redo until a checkpoint has reached lsn.
type stagedPayload struct {
	lsn  record.LSN
	name string
	size int64 // 0 for a link: its content was in the tree before
}

// reached notes that everything up to lsn is applied.
func (u *uncheckpointed) reached(lsn record.LSN) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.lsn = lsn
}

// lastApplied returns the LSN of the last group that was applied whole.
func (u *uncheckpointed) lastApplied() record.LSN {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.lsn
}

// addSteps notes what was changed in the tree.
func (u *uncheckpointed) addSteps(steps []apply.Step) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, s := range steps {
		u.dirty.Add(s)
	}
}

// addStaged notes payloads that redo needs until a checkpoint has reached lsn.
func (u *uncheckpointed) addStaged(lsn record.LSN, changes []*apply.Change) {
	for _, c := range changes {
		p := stagedPayload{lsn: lsn, name: c.Payload.Name}
		switch c.Payload.Kind {
		case record.PayloadStaged:
			p.size = c.Payload.Size
		case record.PayloadLinked:
		default:
			continue
		}
		u.mu.Lock()
		u.staged = append(u.staged, p)
		u.size += p.size
		u.mu.Unlock()
	}
}

// stagedSize returns how many bytes redo needs besides the log.
func (u *uncheckpointed) stagedSize() int64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.size
}

// drain returns what a checkpoint has to fsync, and up to which group that is all.
func (u *uncheckpointed) drain() (record.LSN, *apply.Dirty) {
	u.mu.Lock()
	defer u.mu.Unlock()
	dirty := u.dirty
	u.dirty = apply.Dirty{}
	return u.lsn, &dirty
}

// drainStaged returns the names of the payloads that are not needed after a checkpoint.
func (u *uncheckpointed) drainStaged(checkpointed record.LSN) []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	var names []string
	for len(u.staged) > 0 && u.staged[0].lsn <= checkpointed {
		names = append(names, u.staged[0].name)
		u.size -= u.staged[0].size
		u.staged = u.staged[1:]
	}
	return names
}
