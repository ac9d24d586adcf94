package atomic

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/forewrite/forewrite/internal/fsx"
)

// publish makes the temporary file the target. dir is nil with NoSync.
func (f *File) publish(dir *os.File) error {
	if err := f.matches(); err != nil {
		return err
	}
	if err := f.keepBackup(dir); err != nil {
		return err
	}
	if !renamesOpen {
		if err := f.temp.Close(); err != nil {
			return err
		}
	}
	var err error
	switch {
	case f.cfg.noClobber:
		err = f.linkOnto()
	case f.cfg.match != nil && !f.cfg.match.Exists:
		if err = f.linkOnto(); errors.Is(err, fs.ErrExist) {
			err = ErrConflict
		}
	default:
		err = f.renameOnto()
	}
	f.published = f.published || err == nil
	return err
}

func (f *File) matches() error {
	want := f.cfg.match
	if want == nil {
		return nil
	}
	same, err := want.isThat(f.cfg.tree, f.path)
	if err == nil && !same {
		return ErrConflict
	}
	return err
}

func (f *File) renameOnto() error {
	err := patiently(func() error { return f.cfg.tree.Rename(f.tempPath, f.path) })
	if isBusy(err) && f.cfg.inPlace {
		return f.overwrite()
	}
	return err
}

// patiently repeats what fails only because another program has the file open
// right now, for up to about a second. That happens on Windows only.
func patiently(rename func() error) error {
	for delay := time.Millisecond; ; delay *= 2 {
		err := rename()
		if err == nil || !isShared(err) || delay > 500*time.Millisecond {
			return err
		}
		time.Sleep(delay)
	}
}

// linkOnto publishes only if there is nothing yet: unlike a rename, a link fails
// when the name is taken. A crash between the two steps leaves a second name,
// which Sweep removes.
func (f *File) linkOnto() error {
	t := f.cfg.tree
	err := t.Link(f.tempPath, f.path)
	if fsx.LinkUnsupported(err) {
		return renameNoReplace(t, f.tempPath, f.path)
	}
	if err != nil {
		return err
	}
	f.published = true
	t.Remove(f.tempPath)
	return nil
}

// overwrite copies the new content into a target that can't be replaced. From the
// first byte on a crash leaves a mix, so all of it was written to the temporary
// file first: what can fail has failed already.
func (f *File) overwrite() error {
	dst, err := f.cfg.tree.OpenFile(f.path, os.O_WRONLY|fsx.NoFollow, 0)
	if err != nil {
		return err
	}
	defer dst.Close()
	if _, err := f.temp.Seek(0, io.SeekStart); err != nil {
		return err
	}
	n, err := io.Copy(dst, f.temp)
	if err != nil {
		return err
	}
	// Only now: until here the old tail stayed, to be had in an emergency.
	if err := dst.Truncate(n); err != nil {
		return err
	}
	if !f.cfg.noSync {
		if err := dst.Sync(); err != nil {
			return err
		}
	}
	if err := dst.Close(); err != nil {
		return err
	}
	f.cfg.tree.Remove(f.tempPath)
	return nil
}
