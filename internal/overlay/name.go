package overlay

import (
	"fmt"
	"io/fs"
	"runtime"
	"strings"
	"syscall"

	"github.com/forewrite/forewrite/journal/record"
)

// CheckName refuses what can't be the name of a file in the tree.
func CheckName(name string) error {
	switch {
	case name == ".":
		return fmt.Errorf("the root itself can't be changed: %w", fs.ErrInvalid)
	case !record.ValidPath(name):
		return fmt.Errorf("a name must be relative, slash-separated and valid UTF-8, without ., .. or empty elements: %w", fs.ErrInvalid)
	case runtime.GOOS == "windows" && strings.ContainsAny(name, `\:`):
		return fmt.Errorf(`a name must not contain \ or : on Windows: %w`, fs.ErrInvalid)
	}
	return nil
}

// CheckRegular refuses what can't be read or replaced like a file.
func CheckRegular(mode fs.FileMode) error {
	switch {
	case mode.IsRegular():
		return nil
	case mode.IsDir():
		return syscall.EISDIR
	}
	return fmt.Errorf("not a regular file: %w", fs.ErrInvalid)
}
