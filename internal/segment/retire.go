package segment

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/forewrite/forewrite/internal/fsx"
)

// Retire takes segments out of the log and removes them, one after the other. Each
// one's new name is durable before the next is touched, so that a crash leaves no
// gap, which would be corruption: as long as they are given from one end of the log.
// One that a call has retired before which failed later is no error.
//
// After a rename that failed (an *os.LinkError) it can be tried again. After
// anything else it must not: a directory fsync that failed says nothing about the
// next one.
func Retire(logDir string, names ...Name) error {
	for _, name := range names {
		err := os.Rename(filepath.Join(logDir, name.String()), filepath.Join(logDir, deadPrefix+name.String()))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("retire segment %s: %w", name, err)
		}
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

// RemoveLeftovers removes the drafts and retired segments of a listing.
func RemoveLeftovers(logDir string, l Listing) error {
	for _, name := range l.Leftovers {
		if err := os.RemoveAll(filepath.Join(logDir, name)); err != nil {
			return err
		}
	}
	return nil
}
