//go:build unix

package fsx

import (
	"errors"
	"os"
	"syscall"
)

// CopyOwner gives dst, which is have, the owner and the group of src, as far as this
// process may.
func CopyOwner(dst *os.File, have, src Info) error {
	if src.UID == have.UID && src.GID == have.GID {
		return nil
	}
	if err := tolerate(dst.Chown(int(src.UID), int(src.GID))); err != errNotAllowed {
		return err
	}
	if src.GID == have.GID {
		return nil
	}
	// Only root gives files away, but everybody may hand one to their groups.
	if err := tolerate(dst.Chown(-1, int(src.GID))); err != errNotAllowed {
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
