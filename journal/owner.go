package journal

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io/fs"
	"math"
	"runtime"
	"sync/atomic"
	"time"

	fileatomic "github.com/forewrite/forewrite/atomic"
	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/internal/layout"
	"github.com/forewrite/forewrite/internal/logwriter"
	"github.com/forewrite/forewrite/internal/overlay"
	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/internal/snapshot"
	"github.com/forewrite/forewrite/internal/viewlock"
	"github.com/forewrite/forewrite/journal/record"
	"github.com/forewrite/forewrite/recovery"
)

// owner is what the process that owns a tree needs to change it.
type owner struct {
	dir   *layout.Dir
	opts  *Options
	state *state

	lock      *fileatomic.FileLock
	readers   *viewlock.Owner
	files     *apply.Files
	log       *logwriter.Writer
	inFlight  overlay.InFlight
	snapshots *snapshot.Store
	dirty     uncheckpointed

	groups      *groupWriter
	pipeline    *pipeline
	checkpoints *checkpointer

	writer writerLock
	umask  fs.FileMode
	device uint64        // of staging, and so of every target
	lastTx atomic.Uint64 // highest transaction id given out
	stats  stats
}

// writerLock is a mutex that can be waited for with a context: sending acquires it.
type writerLock chan struct{}

func (l writerLock) unlock() { <-l }

// openOwner acquires the locks, recovers, and continues the log.
func openOwner(ctx context.Context, dir *layout.Dir, opts *Options, s *state) (_ *owner, _ *recovery.Report, err error) {
	o := &owner{dir: dir, opts: opts, state: s, writer: make(writerLock, 1)}
	defer func() {
		if err != nil {
			err = errors.Join(err, o.release())
		}
	}()
	if o.lock, err = acquireLock(ctx, dir, opts); err != nil {
		return nil, nil, err
	}
	if o.readers, err = viewlock.OpenOwner(dir); err != nil {
		return nil, nil, err
	}
	// Readers in other processes are kept out while files are redone.
	if err := o.readers.Exclude(); err != nil {
		return nil, nil, err
	}
	report, err := o.recover(ctx)
	if err := errors.Join(err, o.readers.Admit()); err != nil {
		return nil, nil, err
	}
	return o, report, nil
}

func acquireLock(ctx context.Context, dir *layout.Dir, opts *Options) (*fileatomic.FileLock, error) {
	return fileatomic.Lock(ctx, dir.Path(layout.LockFile), &fileatomic.LockOptions{Timeout: opts.LockTimeout, OnWait: opts.OnLockWait})
}

func (o *owner) recover(ctx context.Context) (*recovery.Report, error) {
	report, err := recovery.Run(ctx, o.dir, recovery.Options{Policy: o.opts.Recovery})
	if err != nil {
		return nil, err
	}
	if o.files, err = apply.NewFiles(o.dir); err != nil {
		return nil, err
	}
	if err := o.probe(); err != nil {
		return nil, err
	}
	if err := o.continueLog(report); err != nil {
		return nil, err
	}
	return report, o.readers.Ready(ctx)
}

// probe finds out the umask, which can't be read without changing it, by a file in
// staging, and the device.
func (o *owner) probe() error {
	name := o.files.Staging.NewName()
	file, err := o.files.Staging.Create(name, 0o777)
	if err != nil {
		return err
	}
	info, err := fsx.StatFile(file)
	if err := errors.Join(err, file.Close(), o.files.Staging.Remove(name)); err != nil {
		return err
	}
	if runtime.GOOS != "windows" { // where there are no modes
		o.umask = 0o777 &^ info.Mode.Perm()
	}
	o.device = info.Device
	return nil
}

// continueLog connects the parts to the log that recovery has left. Nothing is written
// yet, unless the journal is new.
func (o *owner) continueLog(report *recovery.Report) error {
	old, err := segment.List(o.dir.Log())
	if err != nil {
		return err
	}
	next := report.Next
	o.log = logwriter.New(o.dir.Log(), logwriter.Position{Segment: next.Segment, LSN: next.LSN, Prev: next.Prev}, old.Segments, o.opts.SegmentSize)
	o.lastTx.Store(uint64(next.LastTx))
	o.dirty.reached(next.LSN - 1)
	o.connect(next.LSN - 1)
	if report.Journal == "" {
		if err := o.format(); err != nil {
			return err
		}
	}
	return o.dir.Sync()
}

// connect makes the pipeline and what it works with; everything up to lsn is
// checkpointed.
func (o *owner) connect(lsn record.LSN) {
	o.snapshots = snapshot.NewStore(o.files)
	o.groups = &groupWriter{log: o.log, state: o.state, stats: &o.stats, openMark: func() record.Mark { return o.newMark(lsn) }}
	o.pipeline = &pipeline{write: o.groups.write, inFlight: &o.inFlight}
	o.checkpoints = &checkpointer{
		applying: &o.pipeline.applying, synced: lsn,
		log: o.log, files: o.files, dirty: &o.dirty, state: o.state, stats: &o.stats,
		logMark: o.logMark, idle: o.opts.CheckpointIdle, checkpointed: lsn,
		idleTimer: time.NewTimer(math.MaxInt64), filled: make(chan struct{}, 1), stopped: make(chan struct{}),
	}
	a := &applier{
		files: o.files, readers: o.readers, snapshots: o.snapshots, dirty: &o.dirty,
		state: o.state, stats: &o.stats, applied: o.checkpoints.applied,
	}
	o.pipeline.apply = a.apply
}

// format writes the first group, and then FORMAT: without it, a directory is taken for
// one whose making was interrupted; with it, there is a log.
func (o *owner) format() error {
	if err := o.groups.begin(); err != nil {
		return err
	}
	// The log's directory, before FORMAT says that there is a log.
	if err := o.dir.Sync(); err != nil {
		return err
	}
	var id [8]byte
	rand.Read(id[:]) // never fails
	return o.dir.WriteFormat(binary.LittleEndian.Uint64(id[:]))
}

func (o *owner) newMark(checkpointed record.LSN) record.Mark {
	return record.Mark{CheckpointLSN: checkpointed, LastTx: record.TxID(o.lastTx.Load()), Time: time.Now()}
}

// logMark logs how far the files are durable.
func (o *owner) logMark(checkpointed record.LSN) error {
	r := &request{records: record.AppendCheckpoint(nil, o.newMark(checkpointed)), checkpoint: true}
	if err := o.pipeline.enter(); err != nil {
		return err
	}
	defer o.pipeline.leave()
	if err := o.pipeline.enqueue(r, o.pipeline.aborted.Load()); err != nil {
		return err
	}
	return o.pipeline.await(r)
}

// close ends the session; see [Journal.Close].
func (o *owner) close() error {
	o.state.close()
	<-o.checkpoints.stopped
	o.pipeline.close()
	o.snapshots.CloseAll()
	err := o.checkpoints.close(o.groups.opened, o.newMark)
	return errors.Join(err, o.release())
}

// release releases what was acquired.
func (o *owner) release() error {
	var errs []error
	if o.log != nil {
		errs = append(errs, o.log.Close())
	}
	if o.files != nil {
		errs = append(errs, o.files.Close())
	}
	if o.readers != nil {
		errs = append(errs, o.readers.Close())
	}
	if o.lock != nil {
		errs = append(errs, o.lock.Unlock())
	}
	return errors.Join(errs...)
}
