package apply

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"sync"

	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/journal/record"
)

// Dirty collects what steps have changed and nobody has fsynced yet. The zero
// value is empty.
type Dirty struct {
	files map[string]struct{}
	dirs  map[string]struct{}
}

// Len returns the number of files and directories to sync.
func (d *Dirty) Len() int { return len(d.files) + len(d.dirs) }

// Add notes what the step changes.
func (d *Dirty) Add(s Step) {
	if d.files == nil {
		d.files, d.dirs = make(map[string]struct{}), make(map[string]struct{})
	}
	switch {
	case s.Act == ActMode:
		d.files[s.Path] = struct{}{}
		return
	case s.Act == ActPlace && s.Op == record.OpPut:
		d.files[s.Path] = struct{}{}
	case s.Act == ActPlace && s.Op == record.OpMkdir:
		d.dirs[s.Path] = struct{}{}
	}
	d.dirs[path.Dir(s.Path)] = struct{}{}
}

// syncfsFrom is the number of files from which one syncfs beats an fsync each.
const syncfsFrom = 64

// workers fsync side by side: the device takes several flushes at once.
const workers = 8

// Sync makes everything in d durable: first the files, then the directories that
// name them. After a crash before it ends, the log still has it all. A path that
// is gone or was replaced since has nothing left to sync: whoever did it
// answers for it.
func (f *Files) Sync(ctx context.Context, d *Dirty) error {
	if d.Len() >= syncfsFrom {
		if done, err := f.syncAll(); done || err != nil {
			return err
		}
	}
	if err := f.syncEach(ctx, d.files); err != nil {
		return err
	}
	return f.syncEach(ctx, d.dirs)
}

// SyncPrepared makes durable what was prepared and not put in place yet, where the
// log contains its content. What the log only names was durable before.
func (f *Files) SyncPrepared(ctx context.Context, changes []*Change) error {
	d := Dirty{files: make(map[string]struct{})}
	for _, c := range changes {
		if c.Op == record.OpPut && c.Payload.Kind == record.PayloadInline {
			d.files[path.Join(f.staging, c.Temp)] = struct{}{}
		}
	}
	return f.Sync(ctx, &d)
}

// syncAll flushes the whole file system, where that is known to report errors.
func (f *Files) syncAll() (done bool, err error) {
	dir, err := f.Root.Open(".")
	if err != nil {
		return false, err
	}
	defer dir.Close()
	return fsx.SyncFS(dir)
}

func (f *Files) syncEach(ctx context.Context, paths map[string]struct{}) error {
	todo := make(chan string)
	errs := make(chan error, workers)
	var group sync.WaitGroup
	for range min(workers, len(paths)) {
		group.Go(func() {
			for p := range todo {
				if err := f.syncPath(p); err != nil {
					select {
					case errs <- err:
					default: // one is enough
					}
				}
			}
		})
	}
	for p := range paths {
		if ctx.Err() != nil {
			break
		}
		todo <- p
	}
	close(todo)
	group.Wait()
	select {
	case err := <-errs:
		return err
	default:
		return ctx.Err()
	}
}

func (f *Files) syncPath(p string) error {
	e, err := f.Look(p)
	switch {
	case fsx.IsNotExist(err):
		return nil
	case err != nil:
		return err
	case !e.Mode.IsRegular() && !e.Mode.IsDir():
		return nil
	}
	file, err := f.Root.OpenFile(p, os.O_RDONLY|fsx.NonBlocking, 0)
	if errors.Is(err, fs.ErrPermission) && e.Mode.IsRegular() {
		file, err = f.Root.OpenFile(p, os.O_WRONLY|fsx.NonBlocking, 0)
	}
	switch {
	case fsx.IsNotExist(err):
		return nil
	case errors.Is(err, fs.ErrPermission):
		return f.syncUnopenable(err)
	case err != nil:
		return err
	}
	defer file.Close()
	if e.Mode.IsDir() {
		return fsx.SyncDirFile(file)
	}
	return file.Sync()
}

// syncUnopenable makes a file durable that its own mode keeps us from opening.
func (f *Files) syncUnopenable(cause error) error {
	done, err := f.syncAll()
	if err == nil && !done {
		return cause
	}
	return err
}
