//go:build unix

package fsx

import (
	"errors"
	"os"
	"syscall"
)

// CopyOwner gives dst, whose Info is have, the owner and the group of src, as far as
// this process may set them.
func CopyOwner(dst *os.File, have, src Info) error {
	if src.UID == have.UID && src.GID == have.GID {
		return nil
	}
	if err := metaError(dst.Chown(int(src.UID), int(src.GID))); err != errNotAllowed {
		return err
	}
	if src.GID == have.GID {
		return nil
	}
	// Only root may set the owner, but an owner may set one of its own groups.
	if err := metaError(dst.Chown(-1, int(src.GID))); err != errNotAllowed {
		return err
	}
	return nil
}

var errNotAllowed = errors.New("not allowed")

// metaError classifies the error of a change of metadata: errNotAllowed for what this
// process may not do, nil for what this file system does not support.
func metaError(err error) error {
	switch {
	case errors.Is(err, syscall.EPERM), errors.Is(err, syscall.EACCES):
		return errNotAllowed
	case errors.Is(err, syscall.EINVAL): // an id that is not mapped in this user namespace
		return errNotAllowed
	case errors.Is(err, errors.ErrUnsupported):
		return nil
	}
	return err
}
