package fsx

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// Gone reports whether err says that there is nothing at the path: the name is
// missing, or what should be a directory above it is a file.
func Gone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// IgnoreGone returns err, unless it is one that [Gone] reports.
func IgnoreGone(err error) error {
	if Gone(err) {
		return nil
	}
	return err
}

// Cause strips from err the operation and the path, for a message that has them.
func Cause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	var le *os.LinkError
	if errors.As(err, &le) {
		return le.Err
	}
	return err
}
