//go:build !linux

package atomic

import (
	"errors"
	"os"
)

// renameNoReplace says that it can't be done: here only hard links can.
func renameNoReplace(_ tree, from, to string) error {
	return &os.LinkError{Op: "link", Old: from, New: to, Err: errors.ErrUnsupported}
}
