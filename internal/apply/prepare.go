package apply

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"

	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/journal/record"
)

// Prepare makes the file, link or directory that the change will put in place,
// with its final mode, in staging, and sets c.Temp. A file gets owner, group and
// extended attributes of the one it replaces: of like when it is not nil, else of
// what lies at c.Path, which is there if that was looked at a moment ago. Whatever is
// going to fail for lack of space fails here.
func (f *Files) Prepare(c, like *Change, there *fsx.Info) error {
	temp := f.NewName()
	var err error
	switch {
	case c.Op == record.OpMkdir:
		err = f.prepareDir(c, temp)
	case c.Op == record.OpSymlink:
		err = f.Staging.Symlink(string(c.Payload.Data), temp)
	case c.Op != record.OpPut:
		return nil
	case c.Payload.Kind == record.PayloadInline:
		err = f.prepareInline(c, like, there, temp)
	default:
		err = f.Link(c.Payload.Name, temp)
	}
	if err != nil {
		f.Staging.RemoveAll(temp) // what is half made is of no use; the error is what counts
		return err
	}
	c.Temp = temp
	return nil
}

// Discard removes what Prepare made, if it was not put in place.
func (f *Files) Discard(c *Change) {
	if c.Temp != "" {
		f.Staging.RemoveAll(c.Temp) // a leftover is removed by the next recovery
	}
}

func (f *Files) prepareDir(c *Change, temp string) error {
	if err := f.Staging.Mkdir(temp, 0o700); err != nil {
		return err
	}
	mode := c.Mode | 0o300 // files go in before the mode is final; see setsModeLast
	return f.Staging.Chmod(temp, mode)
}

func (f *Files) prepareInline(c, like *Change, there *fsx.Info, temp string) error {
	// Mostly with the mode that it shall have: staging is closed to others.
	file, err := fsx.OpenAt(f.stagingDir, temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, c.Mode)
	if err != nil {
		return err
	}
	defer file.Close()
	if f.preallocate {
		if err := fsx.Preallocate(file, c.Payload.Size); err != nil {
			return err
		}
	}
	if _, err := file.Write(c.Payload.Data); err != nil {
		return err
	}
	if err := f.CopyMeta(file, c, like, there); err != nil {
		return err
	}
	return file.Close()
}

// CopyMeta gives file, which is going to replace what lies at c.Path, the owner,
// the extended attributes and the mode that it shall have. See Prepare for like and
// there.
func (f *Files) CopyMeta(file *os.File, c, like *Change, there *fsx.Info) error {
	done, err := f.copyMetaOfPlain(file, c, like, there)
	if done || err != nil {
		return err
	}
	old, err := f.openReplaced(c, like)
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
	case errors.Is(err, fs.ErrPermission): // can't be read: its attributes neither
		if err := f.copyOwner(file, c); err != nil {
			return err
		}
	default:
		return err
	}
	return file.Chmod(c.Mode)
}

// copyMetaOfPlain is CopyMeta where the file on disk that is replaced has no extended
// attributes. Most have none, and are not opened to find that; and what is right
// already is not set again.
func (f *Files) copyMetaOfPlain(file *os.File, c, like *Change, there *fsx.Info) (done bool, err error) {
	if like != nil || there == nil || !there.Mode.IsRegular() ||
		c.Before != AsIs || c.Replaced.Kind == record.ReplacedNothing {
		return false, nil
	}
	dir, release, err := f.Dir(path.Dir(c.Path))
	if err != nil {
		return false, nil // the long way says what is wrong
	}
	defer release()
	if !fsx.NoXattrsAt(file, dir, path.Base(c.Path)) {
		return false, nil
	}
	has, err := fsx.StatFile(file)
	if err != nil {
		return false, err
	}
	if err := fsx.CopyOwner(file, has, *there); err != nil {
		return false, err
	}
	if has.Mode&fsx.ModeMask == c.Mode {
		return true, nil // a change of the owner takes set-id bits off, and it has none yet
	}
	return true, file.Chmod(c.Mode)
}

// copyOwner is what remains of CopyMeta when the old file can't be opened.
func (f *Files) copyOwner(file *os.File, c *Change) error {
	e, err := f.Look(c.Path)
	if err != nil {
		return err
	}
	has, err := fsx.StatFile(file)
	if err != nil {
		return err
	}
	return fsx.CopyOwner(file, has, e)
}

// inheritGroup gives a new file the group that a set-group-id directory hands to
// what is made in it, since the file is made elsewhere.
func (f *Files) inheritGroup(file *os.File, p string) error {
	dir, done, err := f.Dir(path.Dir(p))
	if err != nil {
		return nil // made by the same transaction
	}
	defer done()
	e, err := fsx.StatFile(dir)
	if err != nil || e.Mode&fs.ModeSetgid == 0 {
		return err
	}
	return file.Chown(-1, int(e.GID))
}

// openReplaced opens the file that the change replaces. A change that is not
// applied yet may be at any moment, so its file is looked for in staging first.
// Where c.Replaced does not say what is on disk, it is looked at: a new file does
// not take after one that a link leads to, nor after one that was removed before.
func (f *Files) openReplaced(c, like *Change) (*os.File, error) {
	if c.Before != AsIs || like == nil && c.Replaced.Kind == record.ReplacedNothing {
		return nil, fs.ErrNotExist
	}
	if like != nil && like.Temp != "" {
		old, err := f.Staging.Open(like.Temp)
		if !fsx.IsNotExist(err) {
			return old, err
		}
	}
	if !c.Replaced.IsFile() {
		if e, err := f.Look(c.Path); err != nil || !e.Mode.IsRegular() {
			return nil, fs.ErrNotExist
		}
	}
	return f.Root.OpenFile(c.Path, os.O_RDONLY|fsx.NonBlocking, 0)
}

// Link makes a second name for a file in staging, or a copy where the file system
// has no hard links.
func (f *Files) Link(name, temp string) error {
	err := f.Staging.Link(name, temp)
	if err == nil || !fsx.LinkUnsupported(err) {
		return err
	}
	src, err := f.Staging.Open(name)
	if err != nil {
		return err
	}
	return f.copyIn(src, temp)
}

// CopyIn makes a copy of the file at p in staging, as temp, with its owner, mode
// and extended attributes.
func (f *Files) CopyIn(p, temp string) error {
	src, err := f.Root.OpenFile(p, os.O_RDONLY|fsx.NonBlocking, 0)
	if err != nil {
		return err
	}
	return f.copyIn(src, temp)
}

func (f *Files) copyIn(src *os.File, temp string) error {
	defer src.Close()
	dst, err := f.Staging.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer dst.Close()
	if _, err := io.Copy(dst, src); err != nil {
		return err
	}
	if err := copyMetaAndMode(dst, src); err != nil {
		return err
	}
	return dst.Close()
}

func copyMetaAndMode(dst, src *os.File) error {
	fi, err := src.Stat()
	if err != nil {
		return err
	}
	if err := fsx.CopyMeta(dst, src); err != nil {
		return err
	}
	return dst.Chmod(fi.Mode())
}
