package fsx

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// IsNotExist reports whether err says that there is nothing at the path: the name is
// missing, or what should be a directory above it is a file.
func IsNotExist(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// IgnoreNotExist returns err, unless it is one that [IsNotExist] reports.
func IgnoreNotExist(err error) error {
	if IsNotExist(err) {
		return nil
	}
	return err
}

// Underlying returns err without its operation and path, for a message that has both.
func Underlying(err error) error {
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
