package apply

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"

	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/internal/parallel"
	"github.com/forewrite/forewrite/journal/record"
)

// Dirty collects what steps have changed and what was not fsynced since. The zero value
// is empty.
type Dirty struct {
	files map[string]struct{}
	dirs  map[string]struct{}
}

// Len returns the number of files and directories to sync.
func (d *Dirty) Len() int { return len(d.files) + len(d.dirs) }

// Add notes what the step changes.
func (d *Dirty) Add(s Step) {
	switch {
	case s.Act == ActMode:
		d.AddFile(s.Path)
		return
	case s.Act == ActPlace && s.Op == record.OpPut:
		d.AddFile(s.Path)
	case s.Act == ActPlace && s.Op == record.OpMkdir:
		d.addDir(s.Path)
	}
	d.addDir(path.Dir(s.Path))
}

// AddFile notes that what is at p has changed, but not the name.
func (d *Dirty) AddFile(p string) {
	if d.files == nil {
		d.files = make(map[string]struct{})
	}
	d.files[p] = struct{}{}
}

func (d *Dirty) addDir(p string) {
	if d.dirs == nil {
		d.dirs = make(map[string]struct{})
	}
	d.dirs[p] = struct{}{}
}

const (
	// syncfsFrom is the number of files from which one syncfs beats an fsync each.
	syncfsFrom = 64
	// syncWorkers fsync in parallel: the device takes several flushes at once.
	syncWorkers = 8
)

// Sync makes everything in d durable: first the files, then the directories that name
// them. After a crash before it ends, the log still has it all. A path that is gone or
// was replaced since needs no sync: a later change has made it so, and is dirty itself.
func (f *Files) Sync(ctx context.Context, d *Dirty) error {
	if d.Len() >= syncfsFrom {
		if done, err := fsx.SyncFS(f.handle); done || err != nil {
			return err
		}
	}
	if err := f.syncEach(ctx, d.files); err != nil {
		return err
	}
	return f.syncEach(ctx, d.dirs)
}

// SyncPrepared makes durable what was prepared and not put into place yet, where the
// log contains its content. What the log only names was durable before.
func (f *Files) SyncPrepared(ctx context.Context, changes []*Change) error {
	var d Dirty
	for _, c := range changes {
		if c.Op == record.OpPut && c.Payload.Kind == record.PayloadInline {
			d.AddFile(f.Staging.Path(c.Temp))
		}
	}
	return f.Sync(ctx, &d)
}

func (f *Files) syncEach(ctx context.Context, paths map[string]struct{}) error {
	all := slices.Collect(maps.Keys(paths))
	return parallel.Do(syncWorkers, len(all), func(i int) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return f.syncPath(all[i])
	})
}

func (f *Files) syncPath(p string) error {
	info, err := f.Stat(p)
	switch {
	case fsx.IsNotExist(err):
		return nil
	case err != nil:
		return err
	case !info.Mode.IsRegular() && !info.Mode.IsDir():
		return nil
	}
	file, err := f.Root.OpenFile(p, os.O_RDONLY|fsx.NonBlocking, 0)
	if errors.Is(err, fs.ErrPermission) && info.Mode.IsRegular() {
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
	if info.Mode.IsDir() {
		return fsx.SyncDirFile(file)
	}
	return file.Sync()
}

// syncUnopenable makes a file durable that its own mode keeps us from opening.
func (f *Files) syncUnopenable(openErr error) error {
	done, err := fsx.SyncFS(f.handle)
	if err == nil && !done {
		return openErr
	}
	return err
}
