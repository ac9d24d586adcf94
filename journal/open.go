package journal

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"runtime/debug"

	fileatomic "github.com/forewrite/forewrite/atomic"
	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
	"github.com/forewrite/forewrite/recovery"
)

// Open opens the tree below root, an existing directory, and becomes its owner.
// The first time, it makes the journal directory. If the last owner crashed, it
// recovers first: every transaction is then either all there or not at all; what
// was done is in Recovered and goes to Options.Logger.
//
// Errors to expect: ErrLocked when another owner does not let go in time,
// ErrUnsafe when others could have written the journal, *recovery.CorruptError
// when acknowledged records are damaged (nothing is touched then),
// record.ErrVersion for a journal of a newer format, and whatever the operating
// system says. The context governs waiting and recovery; it does not limit the
// life of the journal.
func Open(ctx context.Context, root string, opts *Options) (*Journal, error) {
	o, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	abs, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("journal: open %s: %w", root, err)
	}
	j := &Journal{
		path: abs, opts: o,
		writer:  make(chan struct{}, 1),
		touched: make(chan struct{}, 1), filled: make(chan struct{}, 1),
		closing: make(chan struct{}), backgroundDone: make(chan struct{}),
	}
	j.queue.next = openTurn()
	j.views.turn.L = &j.views.mu
	begin := j.open
	if o.ReadOnly {
		begin = j.openReadOnly
	}
	if err := begin(ctx); err != nil {
		return nil, fmt.Errorf("journal: open %s: %w", root, err)
	}
	if o.ReadOnly {
		return j, nil
	}
	go j.background()
	return j, nil
}

func (j *Journal) open(ctx context.Context) (err error) {
	if j.root, err = os.OpenRoot(j.path); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, j.release())
		}
	}()
	if err := j.makeDirs(); err != nil {
		return err
	}
	if j.lock, err = j.own(ctx); err != nil {
		return err
	}
	if err := j.openReaders(); err != nil {
		return err
	}
	if err := j.readers.exclude(); err != nil {
		return err
	}
	return errors.Join(j.recoverAndBegin(ctx), j.readers.admit())
}

// recoverAndBegin does so while readers in other processes are kept out.
func (j *Journal) recoverAndBegin(ctx context.Context) (err error) {
	j.report, err = recovery.Run(ctx, j.path, j.journalPath(""), recovery.Options{Policy: j.opts.Recovery})
	if err != nil {
		return err
	}
	if j.files, err = apply.NewFiles(j.root, j.opts.Dir); err != nil {
		return err
	}
	if err := j.probe(); err != nil {
		return err
	}
	if err := j.begin(); err != nil {
		return err
	}
	if err := j.readers.setReady(ctx); err != nil {
		return errors.Join(err, j.log.close())
	}
	if !j.report.Clean {
		j.opts.Logger.Info("journal: recovered", "root", j.path, "summary", j.report.Summary())
	}
	return nil
}

// makeDirs makes what is missing of the journal directory, and refuses one that
// could be somebody else's.
func (j *Journal) makeDirs() error {
	for _, dir := range []string{"", "log", "staging", "lost+found"} {
		p := path.Join(j.opts.Dir, dir)
		err := j.root.Mkdir(p, 0o700)
		if errors.Is(err, fs.ErrExist) {
			err = j.checkDir(p)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// syncDirs makes the journal directory and what it names durable, FORMAT too. It
// is done at each Open, before anything is acknowledged: who made these may have
// been killed before it came to that, and everything seems to be there.
func (j *Journal) syncDirs() error {
	for dir := j.journalPath(""); dir != j.path; dir = filepath.Dir(dir) {
		if err := fsx.SyncDir(dir); err != nil {
			return err
		}
	}
	return fsx.SyncDir(j.path)
}

func (j *Journal) checkDir(p string) error {
	fi, err := j.root.Lstat(p)
	if err != nil {
		return err
	}
	if !fi.IsDir() {
		return fmt.Errorf("%w: %s is not a directory; move it away", ErrUnsafe, p)
	}
	if uid, _, ok := fsx.Owner(fi); ok && int(uid) != os.Geteuid() {
		return fmt.Errorf("%w: %s belongs to user %d, this is user %d; run as its owner, or give it to this one with chown -R", ErrUnsafe, p, uid, os.Geteuid())
	}
	if runtime.GOOS != "windows" && fi.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("%w: others can write to %s (mode %04o); make sure of its content, then chmod go-w", ErrUnsafe, p, fi.Mode().Perm())
	}
	return nil
}

// own takes the LOCK.
func (j *Journal) own(ctx context.Context) (*fileatomic.FileLock, error) {
	timeout := j.opts.LockTimeout
	if timeout < 0 { // until ctx ends
		timeout = math.MaxInt64
	}
	lock, err := fileatomic.Lock(ctx, j.journalPath("LOCK"), &fileatomic.LockOptions{Timeout: timeout})
	if errors.Is(err, fileatomic.ErrLocked) {
		err = fmt.Errorf("%w: %w", ErrLocked, err)
	}
	return lock, err
}

// probe finds out by a file in staging what can only be found out so: the umask,
// which can't be read without changing it, and the device.
func (j *Journal) probe() error {
	name := j.files.NewName()
	file, err := j.files.Staging.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o777)
	if err != nil {
		return err
	}
	e, err := fsx.StatFile(file)
	if err := errors.Join(err, file.Close(), j.files.Staging.Remove(name)); err != nil {
		return err
	}
	j.umask = 0o777 &^ e.Mode.Perm()
	if runtime.GOOS == "windows" { // where the mode is made up
		j.umask = 0
	}
	j.device = e.Device
	return nil
}

// begin continues the log. Nothing is written yet, unless the journal is new.
func (j *Journal) begin() error {
	old, err := segment.List(j.journalPath("log"))
	if err != nil {
		return err
	}
	next := j.report.Next
	j.log = openLog(j.journalPath("log"), next, old.Segments, j.opts.SegmentSize)
	j.lastTx.Store(uint64(next.LastTx))
	j.applied.lsn, j.checkpointed = next.LSN-1, next.LSN-1
	if j.report.Journal == "" {
		if err := j.format(); err != nil {
			return errors.Join(err, j.log.close())
		}
	}
	return j.syncDirs()
}

// format writes the first group, and then FORMAT: without it, a directory is taken
// for one whose making was interrupted; with it, there is a log.
func (j *Journal) format() error {
	if err := j.logOpen(); err != nil {
		return err
	}
	// The log's directory, before FORMAT says that there is a log.
	if err := j.syncDirs(); err != nil {
		return err
	}
	var id [8]byte
	rand.Read(id[:]) // never fails
	return recovery.WriteFormat(j.journalPath(""), binary.LittleEndian.Uint64(id[:]))
}

// logOpen logs the open record, which goes before the session's first transaction.
func (j *Journal) logOpen() error {
	j.opened = true
	host, _ := os.Hostname() // for people to read; its lack changes nothing
	o := record.Open{PID: os.Getpid(), BootID: fsx.BootID(), Host: host, Version: moduleVersion()}
	_, err := j.logBatch([]*request{{records: record.AppendOpen(nil, j.newMark(j.report.Next.LSN-1), o), mark: true}})
	return err
}

// moduleVersion is what the open record says of the program that wrote it.
func moduleVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path == "github.com/forewrite/forewrite" {
			return m.Version
		}
	}
	return info.Main.Path
}
