//go:build !linux

package atomic

import (
	"errors"
	"os"
)

// renameNoReplace is not supported: here only a hard link never replaces a file.
func renameNoReplace(_ filesystem, from, to string) error {
	return &os.LinkError{Op: "link", Old: from, New: to, Err: errors.ErrUnsupported}
}
