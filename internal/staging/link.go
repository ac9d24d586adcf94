package staging

import (
	"io"
	"os"

	"github.com/forewrite/forewrite/internal/fsx"
)

// Link gives a file in staging a second name there, or makes a copy where the file
// system has no hard links.
func (s *Dir) Link(name, second string) error {
	err := s.Root.Link(name, second)
	if err == nil || !fsx.LinkUnsupported(err) {
		return err
	}
	src, err := s.Open(name)
	if err != nil {
		return err
	}
	return s.copy(src, second)
}

// LinkIn gives the file at p in the tree a second name in staging. It returns false
// where the caller has to copy instead: the file system refuses, or reports that the
// file does not exist. Beside the removal of another name of it, Linux reports that of
// a file on FUSE that does exist; if it really is gone, opening it fails as well.
func (s *Dir) LinkIn(p string) (name string, linked bool, err error) {
	name = s.NewName()
	err = s.layout.Root.Link(p, s.Path(name))
	if err != nil && (fsx.LinkUnsupported(err) || fsx.IsNotExist(err)) {
		return name, false, nil
	}
	return name, err == nil, err
}

// Clone is LinkIn, or a copy with mode, owner and extended attributes where linking is
// refused.
func (s *Dir) Clone(p string) (name string, err error) {
	name, linked, err := s.LinkIn(p)
	if linked || err != nil {
		return name, err
	}
	src, err := s.layout.Root.OpenFile(p, os.O_RDONLY|fsx.NonBlocking, 0)
	if err != nil {
		return "", err
	}
	return name, s.copy(src, name)
}

// copy copies src, which it closes, with mode, owner and extended attributes.
func (s *Dir) copy(src *os.File, name string) error {
	defer src.Close()
	dst, err := s.Create(name, 0o600)
	if err != nil {
		return err
	}
	defer dst.Close()
	if _, err := io.Copy(dst, src); err != nil {
		return err
	}
	fi, err := src.Stat()
	if err != nil {
		return err
	}
	if err := fsx.CopyMeta(dst, src); err != nil {
		return err
	}
	if err := dst.Chmod(fi.Mode()); err != nil {
		return err
	}
	return dst.Close()
}
