package atomic

import (
	"context"
	"errors"
	"os"
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
		if !e.Type().IsRegular() || !isTempName(e.Name()) {
			continue
		}
		ok, err := removeStaleTemp(dir, e.Name())
		if err != nil {
			errs = append(errs, err)
		}
		if ok {
			removed++
		}
	}
	return removed, wrap(op, dir, errors.Join(errs...))
}
