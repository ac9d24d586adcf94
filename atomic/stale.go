package atomic

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/forewrite/forewrite/internal/fsx"
)

// RemoveStaleTemp removes the temporary files that crashed processes left in dir,
// and returns how many it removed. It looks neither into subdirectories nor at
// files that this package did not name. Files whose owner is alive stay, also if
// that is in another container or, over NFS, on another machine. Call it when a
// program starts; other processes may write or do the same at that time.
//
// A file that can't be removed does not stop it; all errors are returned, joined.
func RemoveStaleTemp(ctx context.Context, dir string) (removed int, err error) {
	const op = "remove temporary files in"
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0, wrap(op, dir, err)
	}
	var errs []error
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			errs = append(errs, err)
			break
		}
		if !isTempName(e.Name()) {
			continue
		}
		var ok bool
		var err error
		switch e.Type() {
		case 0:
			ok, err = removeStaleTemp(dir, e.Name())
		case fs.ModeSymlink:
			ok, err = removeStaleSymlink(dir, e.Name())
		}
		if err != nil {
			errs = append(errs, err)
		}
		if ok {
			removed++
		}
	}
	return removed, wrap(op, dir, errors.Join(errs...))
}

// removeStaleSymlink removes a symbolic link that was about to become a backup when its
// process ended. A link can't be locked, so the process number in its name has to do.
func removeStaleSymlink(dir, base string) (bool, error) {
	pid, ok := ownerOf(base)
	if !ok || fsx.ProcessAlive(pid) {
		return false, nil
	}
	if err := os.Remove(filepath.Join(dir, base)); err != nil {
		return false, ignoreNotExist(err)
	}
	return true, nil
}
