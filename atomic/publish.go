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
	if err := f.checkVersion(); err != nil {
		return err
	}
	if err := f.backUp(dir); err != nil {
		return err
	}
	if !canRenameOpen {
		if err := f.temp.Close(); err != nil {
			return err
		}
	}
	var err error
	switch {
	case f.cfg.NoClobber:
		err = f.publishNew()
	case f.cfg.IfMatch != nil && !f.cfg.IfMatch.Exists:
		if err = f.publishNew(); errors.Is(err, fs.ErrExist) {
			err = ErrConflict
		}
	default:
		err = f.replace()
	}
	f.published = f.published || err == nil
	return err
}

func (f *File) checkVersion() error {
	if f.cfg.IfMatch == nil {
		return nil
	}
	same, err := f.cfg.IfMatch.matches(f.cfg.fsys, f.path)
	if err == nil && !same {
		return ErrConflict
	}
	return err
}

func (f *File) replace() error {
	err := retryShared(func() error { return f.cfg.fsys.Rename(f.tempPath, f.path) })
	if isMountPoint(err) && f.cfg.InPlace {
		return f.overwrite()
	}
	return err
}

// retryShared repeats a rename that fails because another program has the file open
// at this moment, for up to about a second. That happens on Windows only.
func retryShared(rename func() error) error {
	for pause := time.Millisecond; ; pause *= 2 {
		err := rename()
		if err == nil || !isSharingViolation(err) || pause > 500*time.Millisecond {
			return err
		}
		time.Sleep(pause)
	}
}

// publishNew publishes only if there is nothing yet: unlike a rename, a link fails
// when the name exists. A crash between the two steps leaves a second name, which
// [RemoveStaleTemp] removes.
func (f *File) publishNew() error {
	fsys := f.cfg.fsys
	err := fsys.Link(f.tempPath, f.path)
	if fsx.LinkUnsupported(err) {
		return renameNoReplace(fsys, f.tempPath, f.path)
	}
	if err != nil {
		return err
	}
	f.published = true
	fsys.Remove(f.tempPath)
	return nil
}

// overwrite copies the new content into a target that can't be replaced. A crash
// leaves a mix of old and new from the first byte on. All of the content is in the
// temporary file already, so a full disk or a failing reader has shown before.
func (f *File) overwrite() error {
	dst, err := f.cfg.fsys.OpenFile(f.path, os.O_WRONLY|fsx.NoFollow, 0)
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
	// Only now, so that after a failure before it the rest of the old content can
	// still be found in the file.
	if err := dst.Truncate(n); err != nil {
		return err
	}
	if f.cfg.exact {
		if err := dst.Chmod(f.cfg.perm); err != nil {
			return err
		}
	}
	if !f.cfg.NoSync {
		// Without it a power loss could undo the write after success was reported.
		if err := dst.Sync(); err != nil {
			return err
		}
	}
	if err := dst.Close(); err != nil {
		return err
	}
	f.cfg.fsys.Remove(f.tempPath)
	return nil
}
