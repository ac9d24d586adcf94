package journal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/internal/logwriter"
	"github.com/forewrite/forewrite/journal/record"
)

const (
	// maxBacklog is the backlog from which committers wait for a checkpoint.
	maxBacklog = 8
	// stagedUnit bytes of staged content count like a segment. A large file leaves
	// next to nothing in the log, but each version takes its space on the disk.
	stagedUnit = 16 << 20
	// retryPause is how long to wait before a checkpoint that failed is tried again.
	retryPause = time.Second
)

// Checkpoint fsyncs every file and directory that was changed, notes it in the log and
// reclaims the segments and staged payloads that are not needed any more. It happens
// by itself when the log fills up, after 16 MiB of content that is not in the log, when
// the journal has been idle, and on Close; committers do not wait for it. After it, a
// crash leaves nothing to redo of what was committed before.
func (j *Journal) Checkpoint(ctx context.Context) error {
	o, err := j.writable()
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = o.checkpoints.run(ctx)
	}
	if err != nil {
		return fmt.Errorf("journal: checkpoint: %w", err)
	}
	return nil
}

// checkpointer makes durable in the files what the log has, and reclaims the log.
type checkpointer struct {
	log     *logwriter.Writer
	files   *apply.Files
	dirty   *uncheckpointed
	state   *state
	stats   *stats
	logMark func(checkpointed record.LSN) error // logs how far the files are durable
	idle    time.Duration                       // after the last commit; negative: never

	applying *sync.Mutex // of the pipeline

	mu           sync.Mutex // one checkpoint at a time
	synced       record.LSN // the files are durable up to here
	checkpointed record.LSN // and the log says so up to here

	idleTimer *time.Timer // fires when nothing was applied for idle
	filled    chan struct{}
	stopped   chan struct{} // closed when the background has ended
}

// backlog counts what a checkpoint could reclaim, in segments, and 1 for the current
// segment.
func (c *checkpointer) backlog() int {
	return c.log.Segments() + int(c.dirty.stagedSize()/stagedUnit)
}

// throttle makes committers help with the checkpoint when the backlog has grown to
// maxBacklog, so that it does not grow without bound.
func (c *checkpointer) throttle(ctx context.Context) error {
	if c.backlog() < maxBacklog {
		return nil
	}
	return c.run(ctx)
}

// run makes one checkpoint.
func (c *checkpointer) run(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.state.err(); err != nil {
		return err
	}
	// Between two groups, so that everything that was acknowledged is in it.
	c.applying.Lock()
	lsn, dirty := c.dirty.drain()
	c.applying.Unlock()
	if err := c.sync(ctx, lsn, dirty); err != nil {
		return err
	}
	if c.synced > c.checkpointed {
		// The mark is durable before anything that is not needed after it is removed.
		// If it can't be logged now, the next checkpoint logs it.
		if err := c.logMark(c.synced); err != nil {
			return err
		}
		c.checkpointed = c.synced
	}
	return c.reclaim()
}

// sync makes the files durable without the log. A failed fsync is not tried again: the
// kernel may have dropped what it could not write, and a second one would succeed. The
// log still has everything.
func (c *checkpointer) sync(ctx context.Context, lsn record.LSN, dirty *apply.Dirty) error {
	if dirty.Len() == 0 {
		c.synced = lsn
		return nil
	}
	start := time.Now()
	if err := c.files.Sync(context.WithoutCancel(ctx), dirty); err != nil {
		return c.state.poison(fmt.Errorf("fsync files up to group %d: %w", lsn, err))
	}
	c.stats.checkpoint(dirty.Len(), time.Since(start))
	c.synced = lsn
	return nil
}

// reclaim removes segments and staged payloads that redo does not need any more. A
// crash in between leaves some; recovery removes them.
func (c *checkpointer) reclaim() error {
	if err := c.log.Reclaim(c.checkpointed); err != nil {
		var rename *os.LinkError
		if !errors.As(err, &rename) {
			return c.state.poison(err)
		}
		return err // they stay; it is tried again at the next checkpoint
	}
	for _, name := range c.dirty.drainStaged(c.checkpointed) {
		if err := c.files.Staging.Remove(name); err != nil {
			return err
		}
	}
	return nil
}

// close waits for the checkpoint that is being made. If the session has written
// anything, it makes the files durable and says so in the log, as its last record: the
// next Open has nothing to do. Nothing else uses the log any more.
func (c *checkpointer) close(written bool, closeMark func(record.LSN) record.Mark) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.state.poisoned(); err != nil || !written {
		return err
	}
	_, dirty := c.dirty.drain()
	lsn := c.log.LastLSN() // all of it is applied
	if err := c.sync(context.Background(), lsn, dirty); err != nil {
		return err
	}
	if err := c.log.Finish(record.AppendClose(make([]byte, record.HeaderSize), closeMark(lsn))); err != nil {
		return err
	}
	c.checkpointed = lsn
	return c.reclaim()
}

// background makes checkpoints when there is a backlog, or nothing was committed for a
// while.
func (c *checkpointer) background() {
	defer close(c.stopped)
	defer c.idleTimer.Stop()
	for {
		select {
		case <-c.state.closing:
			return
		case <-c.idleTimer.C:
		case <-c.filled:
			if c.backlog() <= 1 {
				continue // the checkpoint before has done it
			}
		}
		err := c.run(context.Background())
		if err == nil || errors.Is(err, ErrClosed) {
			continue
		}
		c.state.logger.Error("journal: checkpoint", "error", err)
		if !errors.Is(err, ErrPoisoned) { // for lack of space, which a checkpoint frees
			c.idleTimer.Reset(max(c.idle, retryPause))
		}
	}
}

// applied says that a group was applied.
func (c *checkpointer) applied() {
	if c.idle > 0 {
		c.idleTimer.Reset(c.idle)
	}
	if c.backlog() > 1 {
		select {
		case c.filled <- struct{}{}:
		default: // the background knows already
		}
	}
}
