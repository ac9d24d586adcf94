package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/journal/record"
)

const (
	// maxBacklog is the backlog from which committers wait for a checkpoint.
	maxBacklog = 8
	// stagedPart bytes of staged content count like a segment. A large file leaves
	// next to nothing in the log, but each version takes its place on the disk.
	stagedPart = 16 << 20
)

// backlog counts what a checkpoint could give back, in segments, and 1 for the current
// segment.
func (j *Journal) backlog() int {
	return j.log.backlog() + int(j.applied.stagedSize()/stagedPart)
}

// Checkpoint fsyncs every file and directory that was changed, notes it in the
// log and gives back the parts of the log that are not needed any more. It
// happens by itself when the log fills up, after 16 MiB of content that is not in
// the log, when the journal has been idle, and on Close; committers do not wait for
// it. After it, a crash leaves nothing to redo of what was committed before.
func (j *Journal) Checkpoint(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("journal: checkpoint: %w", err)
	}
	if err := j.writable(); err != nil {
		return fmt.Errorf("journal: checkpoint: %w", err)
	}
	if err := j.checkpoint(ctx); err != nil {
		return fmt.Errorf("journal: checkpoint: %w", err)
	}
	return nil
}

// checkpoint is for one caller at a time to do, and for the others to wait for.
func (j *Journal) checkpoint(ctx context.Context) error {
	j.checkpointing.Lock()
	defer j.checkpointing.Unlock()
	checkpointed, dirty := j.applied.take()
	if dirty.Len() > 0 {
		if err := j.syncApplied(ctx, checkpointed, dirty); err != nil {
			return err
		}
		// The mark is durable before anything that it makes superfluous goes.
		if err := j.mark(checkpointed); err != nil {
			return err
		}
		j.checkpointed = checkpointed
	}
	return j.giveBack()
}

// syncApplied makes the files durable without the log. A failed fsync is not
// tried again: the kernel may have dropped what it could not write, and a second
// one would succeed. The log still has everything.
func (j *Journal) syncApplied(ctx context.Context, checkpointed record.LSN, dirty *apply.Dirty) error {
	start := time.Now()
	if err := j.files.Sync(context.WithoutCancel(ctx), dirty); err != nil {
		return j.poison(fmt.Errorf("fsync files up to group %d: %w", checkpointed, err))
	}
	j.stats.checkpoint(dirty.Len(), time.Since(start))
	return nil
}

// mark logs how far the files are durable.
func (j *Journal) mark(checkpointed record.LSN) error {
	r := &request{records: record.AppendCheckpoint(nil, j.newMark(checkpointed)), mark: true}
	if err := j.enqueue(r); err != nil {
		return err
	}
	return j.await(r)
}

// giveBack retires segments and removes staged payloads that redo does not need any
// more. A crash in between leaves some; recovery removes them.
func (j *Journal) giveBack() error {
	if err := j.log.retire(j.checkpointed); err != nil {
		var rename *os.LinkError
		if !errors.As(err, &rename) {
			return j.poison(err)
		}
		return err // they stay; it is tried again at the next checkpoint
	}
	for _, name := range j.applied.stagedThrough(j.checkpointed) {
		if err := j.files.Staging.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// take returns what a checkpoint has to fsync, and how far that goes.
func (a *applied) take() (record.LSN, *apply.Dirty) {
	a.mu.Lock()
	defer a.mu.Unlock()
	dirty := a.dirty
	a.dirty = apply.Dirty{}
	return a.lsn, &dirty
}

func (a *applied) stagedThrough(checkpointed record.LSN) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var names []string
	for len(a.staged) > 0 && a.staged[0].lsn <= checkpointed {
		names = append(names, a.staged[0].name)
		a.size -= a.staged[0].size
		a.staged = a.staged[1:]
	}
	return names
}

// background checkpoints when there is a backlog, or nothing was committed for a
// while.
func (j *Journal) background() {
	defer close(j.backgroundDone)
	idle := time.NewTimer(time.Hour)
	defer idle.Stop()
	for {
		select {
		case <-j.closing:
			return
		case <-j.touched:
			idle.Reset(j.opts.CheckpointIdle)
			continue
		case <-idle.C:
			if rest := j.opts.CheckpointIdle - time.Since(time.Unix(0, j.lastApply.Load())); rest > 0 {
				idle.Reset(rest)
				continue
			}
			j.idleArmed.Store(false)
		case <-j.filled:
			if j.backlog() <= 1 {
				continue // the checkpoint before has seen to it
			}
		}
		if err := j.checkpoint(context.Background()); err != nil && !errors.Is(err, ErrClosed) {
			j.opts.Logger.Error("journal: checkpoint", "root", j.path, "error", err)
		}
	}
}

// touch tells the background that a group was applied.
func (j *Journal) touch() {
	j.lastApply.Store(time.Now().UnixNano())
	if j.opts.CheckpointIdle > 0 && j.idleArmed.CompareAndSwap(false, true) {
		j.touched <- struct{}{} // has room: it is sent to once for each arming
	}
	if j.backlog() > 1 {
		select {
		case j.filled <- struct{}{}:
		default: // it knows already
		}
	}
}
