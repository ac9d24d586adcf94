//go:build unix

package fsx

import (
	"errors"
	"os"
	"syscall"
)

func copyOwner(dst, src *os.File) error {
	want, err := src.Stat()
	if err != nil {
		return err
	}
	have, err := dst.Stat()
	if err != nil {
		return err
	}
	uid, gid, ok1 := Owner(want)
	oldUID, oldGID, ok2 := Owner(have)
	if !ok1 || !ok2 || uid == oldUID && gid == oldGID {
		return nil
	}
	if err := tolerate(dst.Chown(int(uid), int(gid))); err != errNotAllowed {
		return err
	}
	if gid == oldGID {
		return nil
	}
	// Only root gives files away, but everybody may hand one to their groups.
	if err := tolerate(dst.Chown(-1, int(gid))); err != errNotAllowed {
		return err
	}
	return nil
}

var errNotAllowed = errors.New("not allowed")

// tolerate sorts the errors of a change of metadata: what this process may not do
// is errNotAllowed, what this file system can't do is none.
func tolerate(err error) error {
	switch {
	case errors.Is(err, syscall.EPERM), errors.Is(err, syscall.EACCES):
		return errNotAllowed
	case errors.Is(err, syscall.EINVAL): // an id that this user namespace has no number for
		return errNotAllowed
	case errors.Is(err, errors.ErrUnsupported):
		return nil
	}
	return err
}
