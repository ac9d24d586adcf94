package journal

import (
	"sync/atomic"
	"time"

	"github.com/forewrite/forewrite/journal/record"
)

// Stats counts what the journal did since it was opened. A read-only journal has done
// nothing.
type Stats struct {
	Transactions uint64 // committed
	Groups       uint64 // written to the log, each with one fsync
	LogBytes     uint64 // in those groups

	Checkpoints    uint64
	Synced         uint64        // files and directories that checkpoints fsynced
	CheckpointTime time.Duration // spent on that, in all

	Segments int        // of the log, on disk
	LSN      record.LSN // of the last group that was applied
	InFlight int        // paths with changes that are committed or in flight, and not applied
}

type stats struct {
	transactions, groups, logBytes, checkpoints, synced, checkpointTime atomic.Uint64
}

func (s *stats) group(size int) {
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
	o := j.owner
	if o == nil {
		return Stats{}
	}
	return Stats{
		Transactions:   o.stats.transactions.Load(),
		Groups:         o.stats.groups.Load(),
		LogBytes:       o.stats.logBytes.Load(),
		Checkpoints:    o.stats.checkpoints.Load(),
		Synced:         o.stats.synced.Load(),
		CheckpointTime: time.Duration(o.stats.checkpointTime.Load()),
		Segments:       o.log.Segments(),
		LSN:            o.dirty.lastApplied(),
		InFlight:       o.inFlight.Len(),
	}
}
