package journal

import (
	"sync/atomic"
	"time"

	"github.com/forewrite/forewrite/journal/record"
)

// Stats counts what the journal did since it was opened. Times are sums.
type Stats struct {
	Transactions uint64 // committed
	Groups       uint64 // written to the log, each with one fsync
	LogBytes     uint64 // in those groups

	Checkpoints    uint64
	Synced         uint64 // files and directories that checkpoints fsynced
	CheckpointTime time.Duration

	Segments int        // of the log, on disk
	LSN      record.LSN // of the last group that was applied
	Pending  int        // paths that transactions have changed and that are not applied
}

type stats struct {
	transactions, groups, logBytes, checkpoints, synced, checkpointTime atomic.Uint64
}

func (s *stats) group(txs, size int) {
	s.transactions.Add(uint64(txs))
	s.groups.Add(1)
	s.logBytes.Add(uint64(size))
}

func (s *stats) checkpoint(synced int, took time.Duration) {
	s.checkpoints.Add(1)
	s.synced.Add(uint64(synced))
	s.checkpointTime.Add(uint64(took))
}

// Stats returns what the journal did so far.
func (j *Journal) Stats() Stats {
	s := Stats{
		Transactions:   j.stats.transactions.Load(),
		Groups:         j.stats.groups.Load(),
		LogBytes:       j.stats.logBytes.Load(),
		Checkpoints:    j.stats.checkpoints.Load(),
		Synced:         j.stats.synced.Load(),
		CheckpointTime: time.Duration(j.stats.checkpointTime.Load()),
		Segments:       j.log.backlog(),
	}
	j.applied.mu.Lock()
	s.LSN = j.applied.lsn
	j.applied.mu.Unlock()
	j.pending.mu.Lock()
	s.Pending = j.pending.set.Len()
	j.pending.mu.Unlock()
	return s
}
