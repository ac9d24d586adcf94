package atomic

import (
	"context"
	"errors"
	"os"
)

// Sweep removes the temporary files that crashed processes left in dir, and tells
// how many. It looks neither into subdirectories nor at files that this package
// did not name, and leaves those whose owner is alive: also one in another
// container or, over NFS, on another machine. Call it at the start of a program;
// it may run beside any number of writers and other sweeps.
//
// A file that can't be removed does not keep it from the others; all errors come
// back together.
func Sweep(ctx context.Context, dir string) (removed int, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0, wrap("sweep", dir, err)
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
		gone, err := removeLeaked(dir, e.Name())
		if err != nil {
			errs = append(errs, err)
		}
		if gone {
			removed++
		}
	}
	return removed, wrap("sweep", dir, errors.Join(errs...))
}
