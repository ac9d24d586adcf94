package atomic

import (
	"errors"
	"io/fs"
	"os"

	"github.com/forewrite/forewrite/internal/fsx"
)

// setMetadata gives the new file its mode, owner and attributes. It comes after the
// writing, which clears the set-id bits.
func (f *File) setMetadata(old fs.FileInfo) error {
	if old == nil || f.cfg.FreshMetadata || old.Mode().Type() == fs.ModeSymlink {
		return f.setModeOfNew()
	}
	now, err := fsx.StatFile(f.temp)
	if err != nil {
		return err
	}
	if !sameOwner(old, now) || !f.noXattrs() {
		if err := f.copyMetadata(old); err != nil {
			return err
		}
		if now, err = fsx.StatFile(f.temp); err != nil {
			return err
		}
	}
	if f.cfg.exact {
		return f.temp.Chmod(f.cfg.perm)
	}
	return f.temp.Chmod(keptMode(old, now))
}

// setModeOfNew sets what the creation of the file could not: an exact mode, and
// set-id and sticky bits. The permissions stay as the umask made them.
func (f *File) setModeOfNew() error {
	if f.cfg.exact {
		return f.temp.Chmod(f.cfg.perm)
	}
	special := f.cfg.perm &^ fs.ModePerm
	if special == 0 {
		return nil
	}
	now, err := fsx.StatFile(f.temp)
	if err != nil {
		return err
	}
	return f.temp.Chmod(now.Mode.Perm() | special)
}

// noXattrs reports, without opening the old file, that there are no attributes to
// copy, as for most files.
func (f *File) noXattrs() bool {
	_, ok := f.cfg.fsys.(hostFS)
	return ok && fsx.NoXattrs(f.temp, f.path)
}

func (f *File) copyMetadata(old fs.FileInfo) error {
	src, err := f.cfg.fsys.OpenFile(f.path, os.O_RDONLY|fsx.NoFollow|fsx.NonBlocking, 0)
	if errors.Is(err, fs.ErrPermission) {
		// This process may replace the file but not read it, nor its attributes.
		if uid, gid, ok := fsx.Owner(old); ok {
			f.temp.Chown(int(uid), int(gid))
		}
		return nil
	}
	if err != nil {
		return err
	}
	defer src.Close()
	return fsx.CopyMeta(f.temp, src)
}

func sameOwner(old fs.FileInfo, now fsx.Info) bool {
	uid, gid, ok := fsx.Owner(old)
	return ok && uid == now.UID && gid == now.GID
}

// keptMode is the old mode without the rights that would go to the wrong users:
// only root can set the owner, so the new file may have another one.
func keptMode(old fs.FileInfo, now fsx.Info) fs.FileMode {
	mode := old.Mode() & fsx.ModeMask
	oldUID, oldGID, _ := fsx.Owner(old)
	if now.UID != oldUID {
		mode &^= fs.ModeSetuid
	}
	if now.GID != oldGID {
		mode &^= fs.ModeSetgid
		others := mode & 0o007
		mode = mode&^0o070 | mode&(others<<3)
	}
	return mode
}
