package segment

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/forewrite/forewrite/internal/fsx"
)

// Retire renames segments out of the log, one after the other, and then removes them.
// The names must be given in order from one end of the log: each rename is durable
// before the next, so that a crash leaves no gap in the log, which would be
// corruption. A segment that is retired already, by a call that failed later, is not
// an error.
//
// Retire can be tried again after a rename failed (an *os.LinkError), but not after
// any other error: a directory fsync that succeeds after one that failed proves
// nothing.
func Retire(logDir string, names ...Name) error {
	for _, name := range names {
		err := os.Rename(filepath.Join(logDir, name.String()), filepath.Join(logDir, deadPrefix+name.String()))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("retire segment %s: %w", name, err)
		}
		// Before the next rename, and before anything is removed: a power loss could
		// undo this rename, but not the later one, and leave a gap or a damaged segment.
		if err := fsx.SyncDir(logDir); err != nil {
			return fmt.Errorf("retire segment %s: %w", name, err)
		}
	}
	for _, name := range names {
		if err := os.RemoveAll(filepath.Join(logDir, deadPrefix+name.String())); err != nil {
			return fmt.Errorf("retire segment %s: %w", name, err)
		}
	}
	return nil
}

// RemoveLeftovers removes the drafts and retired segments that are listed in l.
func RemoveLeftovers(logDir string, l Listing) error {
	for _, name := range l.Leftovers {
		if err := os.RemoveAll(filepath.Join(logDir, name)); err != nil {
			return err
		}
	}
	return nil
}
