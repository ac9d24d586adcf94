package atomic

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/forewrite/forewrite/internal/fsx"
)

// backUp gives the old version a second name, by a rename: neither the target nor
// an earlier backup is missing at any time. dir is nil with NoSync.
func (f *File) backUp(dir *os.File) error {
	if f.cfg.Backup == "" {
		return nil
	}
	old, err := f.cfg.fsys.Lstat(f.path)
	if err != nil {
		return ignoreNotExist(err) // nothing to back up
	}
	backup := f.path + f.cfg.Backup
	if old.Mode()&fs.ModeSymlink != 0 {
		err = f.backUpSymlink(backup)
	} else if err = f.linkBackup(backup); errors.Is(err, errNeedsCopy) {
		return f.copyBackup(backup)
	}
	if err != nil || dir == nil {
		return err
	}
	// A power loss could otherwise show the new version and not yet the backup.
	return fsx.SyncDirFile(dir)
}

var errNeedsCopy = errors.New("the backup must be a copy")

func (f *File) linkBackup(backup string) error {
	// After a crash a link would be the second name that RejectHardLinks refuses.
	if f.cfg.RejectHardLinks {
		return errNeedsCopy
	}
	fsys, temp := f.cfg.fsys, f.newTempPath()
	if err := fsys.Link(f.path, temp); fsx.LinkUnsupported(err) {
		return errNeedsCopy // also from a mount point, which InPlace overwrites
	} else if err != nil {
		return err
	}
	// Also after success: if a crash at this point has left the target and the backup
	// as two names of one file, a rename of one to the other does nothing.
	defer fsys.Remove(temp)
	return retryShared(func() error { return fsys.Rename(temp, backup) })
}

// backUpSymlink backs up a link that is to be replaced, as a link: not what it leads
// to, which does not change.
func (f *File) backUpSymlink(backup string) error {
	fsys, temp := f.cfg.fsys, f.newTempPath()
	target, err := fsys.Readlink(f.path)
	if err != nil {
		return err
	}
	if err := fsys.Symlink(target, temp); err != nil {
		return err
	}
	err = retryShared(func() error { return fsys.Rename(temp, backup) })
	if err != nil {
		fsys.Remove(temp)
	}
	return err
}

func (f *File) newTempPath() string {
	_, base := filepath.Split(f.path)
	return sibling(f.path, newTempName(base))
}

func (f *File) copyBackup(backup string) error {
	src, err := f.cfg.fsys.OpenFile(f.path, os.O_RDONLY|fsx.NonBlocking, 0)
	if err != nil {
		return err
	}
	defer src.Close()
	fi, err := src.Stat()
	if err != nil {
		return err
	}
	dst, err := create(backup, &config{
		fsys:  f.cfg.fsys,
		perm:  fi.Mode() & fsx.ModeMask,
		exact: true,
		Options: Options{
			Symlink: SymlinkReplace, FreshMetadata: true, NoSync: f.cfg.NoSync, NoMkdir: true,
		},
	})
	if err != nil {
		return err
	}
	defer dst.Close()
	if _, err := io.Copy(dst.temp, src); err != nil {
		return err
	}
	if err := fsx.CopyMeta(dst.temp, src); err != nil {
		return err
	}
	return dst.commit()
}
