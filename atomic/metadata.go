package atomic

import (
	"errors"
	"io/fs"
	"os"

	"github.com/forewrite/forewrite/internal/fsx"
)

const chmodBits = fs.ModePerm | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky

// takeMetadata gives the new file the mode, owner and attributes that it shall
// have. It comes after the writing, which clears the set-id bits.
func (f *File) takeMetadata(old fs.FileInfo) error {
	c := f.cfg
	if old == nil || c.fresh || old.Mode().Type() == fs.ModeSymlink {
		if c.exactMode || c.mode&^fs.ModePerm != 0 {
			return f.temp.Chmod(c.mode)
		}
		return nil
	}
	now, err := fsx.StatFile(f.temp)
	if err != nil {
		return err
	}
	if !sameOwner(old, now) || !f.attrless() {
		if err := f.copyFromOld(old); err != nil {
			return err
		}
		if now, err = fsx.StatFile(f.temp); err != nil {
			return err
		}
	}
	if c.exactMode {
		return f.temp.Chmod(c.mode)
	}
	return f.temp.Chmod(keptMode(old, now))
}

// attrless tells that there is nothing to copy, which is so for most files, and
// spares opening the old one.
func (f *File) attrless() bool {
	_, onHost := f.cfg.tree.(host)
	return onHost && fsx.NoXattrs(f.temp, f.path)
}

func (f *File) copyFromOld(old fs.FileInfo) error {
	src, err := f.cfg.tree.OpenFile(f.path, os.O_RDONLY|fsx.NoFollow|fsx.NonBlocking, 0)
	if errors.Is(err, fs.ErrPermission) {
		// We may replace it but not read it, so its attributes are out of reach.
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

// keptMode is the old mode, less what it would grant to the wrong people: only
// root gives files away, so the new one may belong to somebody else.
func keptMode(old fs.FileInfo, now fsx.Info) fs.FileMode {
	mode := old.Mode() & chmodBits
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
