package atomic

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/forewrite/forewrite/internal/fsx"
)

// keepBackup gives the old version its second name. The target never goes missing
// for that, and the backup is replaced by a rename like any file.
func (f *File) keepBackup(dir *os.File) error {
	if f.cfg.backup == "" {
		return nil
	}
	old, err := f.cfg.tree.Lstat(f.path)
	if err != nil {
		return ignoreMissing(err) // nothing to keep
	}
	backup := f.path + f.cfg.backup
	err = f.linkBackup(old, backup)
	if errors.Is(err, errCopyInstead) {
		return f.copyBackup(backup)
	}
	if err != nil || dir == nil {
		return err
	}
	// Else a power loss could show the new version and not yet the backup.
	return fsx.SyncDirFile(dir)
}

var errCopyInstead = errors.New("copy instead")

func (f *File) linkBackup(old fs.FileInfo, backup string) error {
	// After a crash a link would be the second name that RejectHardLinks refuses.
	if f.cfg.rejectLinks || old.Mode().Type() != 0 {
		return errCopyInstead
	}
	t := f.cfg.tree
	_, base := filepath.Split(f.path)
	temp := beside(f.path, newTempName(base))
	if err := t.Link(f.path, temp); fsx.LinkUnsupported(err) {
		return errCopyInstead // also from a mount point, which InPlace overwrites
	} else if err != nil {
		return err
	}
	// Also after success: a rename between two names of one file, which they are
	// after a crash right here, does nothing.
	defer t.Remove(temp)
	return patiently(func() error { return t.Rename(temp, backup) })
}

func (f *File) copyBackup(backup string) error {
	c := &config{tree: f.cfg.tree, mode: 0o600, symlink: replaceSymlink, noSync: f.cfg.noSync, noMkdir: true}
	src, err := c.tree.OpenFile(f.path, os.O_RDONLY|fsx.NonBlocking, 0)
	if err != nil {
		return err
	}
	defer src.Close()
	fi, err := src.Stat()
	if err != nil {
		return err
	}
	c.mode, c.exactMode, c.fresh = fi.Mode()&chmodBits, true, true
	dst, err := create(backup, c)
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
