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

// LinkIn gives the file at p in the tree a second name in staging. Where the file
// system refuses, [fsx.LinkUnsupported] reports it of the error.
func (s *Dir) LinkIn(p string) (name string, err error) {
	name = s.NewName()
	return name, s.tree.Link(p, s.path(name))
}

// Clone is LinkIn, or a copy with mode, owner and extended attributes where linking is
// refused.
func (s *Dir) Clone(p string) (name string, err error) {
	name, err = s.LinkIn(p)
	if err == nil || !fsx.LinkUnsupported(err) {
		return name, err
	}
	src, err := s.tree.OpenFile(p, os.O_RDONLY|fsx.NonBlocking, 0)
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
