package atomic

import (
	"errors"
	"io/fs"
	"os"

	"github.com/forewrite/forewrite/internal/fsx"
)

const (
	setID     = fs.ModeSetuid | fs.ModeSetgid
	chmodBits = fs.ModePerm | setID | fs.ModeSticky
)

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
	if err := f.copyFromOld(old); err != nil {
		return err
	}
	if c.exactMode {
		return f.temp.Chmod(c.mode)
	}
	mode, err := f.keptMode(old)
	if err != nil {
		return err
	}
	return f.temp.Chmod(mode)
}

func (f *File) copyFromOld(old fs.FileInfo) error {
	src, err := f.cfg.tree.OpenFile(f.path, os.O_RDONLY|openNoFollow|openNoWait, 0)
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

// keptMode is the old mode, less what it would grant to the wrong people: only
// root gives files away, so the new one may belong to somebody else.
func (f *File) keptMode(old fs.FileInfo) (fs.FileMode, error) {
	mode := old.Mode() & chmodBits
	now, err := f.temp.Stat()
	if err != nil {
		return 0, err
	}
	oldUID, oldGID, _ := fsx.Owner(old)
	uid, gid, _ := fsx.Owner(now)
	if uid != oldUID {
		mode &^= fs.ModeSetuid
	}
	if gid != oldGID {
		mode &^= fs.ModeSetgid
		others := mode & 0o007
		mode = mode&^0o070 | mode&(others<<3)
	}
	return mode, nil
}
