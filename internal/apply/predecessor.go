package apply

import (
	"errors"
	"io/fs"
	"os"
	"path"

	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/journal/record"
)

// Predecessor is the file from which a new one takes over owner, group and extended
// attributes. The zero value says that there is none, and that the new file gets what
// its directory gives to new files.
type Predecessor struct {
	Temp string    // its name in staging, from where it may be put into place at any moment
	Disk *fsx.Info // it is in place, as found a moment ago
}

// OnDisk returns the predecessor of c that is in place, if it is a regular file that
// is not removed first. Where c.Path can't be reached there is none, and putting the
// change into place reports why.
func (f *Files) OnDisk(c *Change) Predecessor {
	info, err := f.Stat(c.Path)
	if err != nil || c.Before != AsIs {
		return Predecessor{}
	}
	return onDisk(&info)
}

func onDisk(info *fsx.Info) Predecessor {
	if info == nil || !info.Mode.IsRegular() {
		return Predecessor{}
	}
	return Predecessor{Disk: info}
}

// PredecessorOf returns what c takes over from: the change before it that is not in
// place yet, nil if there is none, or else what was found on disk, nil if that is
// nothing.
func PredecessorOf(c, inFlight *Change, disk *fsx.Info) Predecessor {
	if c.Before != AsIs || inFlight == nil && c.Replaced.Kind == record.ReplacedNothing {
		return Predecessor{} // what is there is removed first
	}
	p := onDisk(disk)
	if inFlight != nil {
		p.Temp = inFlight.Temp
	}
	return p
}

// setMetadata gives file, which is going to be put into place at c.Path, the owner, group
// and extended attributes of its predecessor and the mode of the change.
func (f *Files) setMetadata(file *os.File, c *Change, from Predecessor) error {
	if done, err := f.setMetadataPlain(file, c, from); done || err != nil {
		return err
	}
	old, err := f.openPredecessor(c.Path, from)
	switch {
	case err == nil:
		defer old.Close()
		if err := fsx.CopyMeta(file, old); err != nil {
			return err
		}
	case fsx.IsNotExist(err):
		if err := f.inheritGroup(file, c.Path); err != nil {
			return err
		}
	case errors.Is(err, fs.ErrPermission): // its attributes can't be read either
		if err := f.copyOwner(file, from.Disk); err != nil {
			return err
		}
	default:
		return err
	}
	return file.Chmod(c.Mode)
}

// setMetadataPlain is setMetadata where the predecessor is in place and has no extended
// attributes. Most files have none, and are not opened to find that out; and what is
// right already is not set again.
func (f *Files) setMetadataPlain(file *os.File, c *Change, from Predecessor) (done bool, err error) {
	if from.Temp != "" || from.Disk == nil {
		return false, nil
	}
	dir, release, err := f.OpenDir(path.Dir(c.Path))
	if err != nil {
		return false, nil // the long way reports what is wrong
	}
	defer release()
	if !fsx.NoXattrsAt(file, dir, path.Base(c.Path)) {
		return false, nil
	}
	have, err := fsx.StatFile(file)
	if err != nil {
		return false, err
	}
	if err := fsx.CopyOwner(file, have, *from.Disk); err != nil {
		return false, err
	}
	if have.Mode&fsx.ModeMask == c.Mode {
		return true, nil // a change of the owner clears set-id bits, and it has none yet
	}
	return true, file.Chmod(c.Mode)
}

// openPredecessor opens the file. A change in flight may be put into place at any
// moment, so its file is looked for in staging first. A link that has replaced the
// file in the meantime is not followed: nothing is taken over from what it leads to.
func (f *Files) openPredecessor(p string, from Predecessor) (*os.File, error) {
	if from.Temp != "" {
		old, err := f.Staging.Open(from.Temp)
		if !fsx.IsNotExist(err) {
			return old, err
		}
	} else if from.Disk == nil {
		return nil, fs.ErrNotExist
	}
	if info, err := f.Stat(p); err != nil || !info.Mode.IsRegular() {
		return nil, fs.ErrNotExist
	}
	return f.Root.OpenFile(p, os.O_RDONLY|fsx.NonBlocking, 0)
}

// copyOwner is what remains of taking over when the predecessor can't be opened.
func (f *Files) copyOwner(file *os.File, owner *fsx.Info) error {
	if owner == nil {
		return nil
	}
	have, err := fsx.StatFile(file)
	if err != nil {
		return err
	}
	return fsx.CopyOwner(file, have, *owner)
}

// inheritGroup gives a new file the group that a set-group-id directory gives to what
// is made in it, since the file is made elsewhere.
func (f *Files) inheritGroup(file *os.File, p string) error {
	dir, done, err := f.OpenDir(path.Dir(p))
	if err != nil {
		return nil // made by the same transaction
	}
	defer done()
	info, err := fsx.StatFile(dir)
	if err != nil || info.Mode&fs.ModeSetgid == 0 {
		return err
	}
	return file.Chown(-1, int(info.GID))
}
