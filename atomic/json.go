package atomic

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"github.com/cespare/xxhash/v2"
	"github.com/forewrite/forewrite/internal/jsonfile"
)

// jsonPerm is the mode of a new JSON file, less the umask.
const jsonPerm = 0o644

// WriteJSON writes v as JSON for people to read, too: indented by two spaces, with
// <, > and & as they are and a newline at the end. If v can't be encoded, the file
// is unchanged. A new file gets mode 0644 less the umask, or [Options].ExactMode.
//
// For a file that several processes change, use [UpdateJSON].
func WriteJSON(name string, v any, opts *Options) error {
	c, err := newConfig(jsonPerm, opts)
	if err == nil {
		err = writeJSON(name, v, c)
	}
	return wrap("write JSON", name, err)
}

func writeJSON(name string, v any, c *config) error {
	b, err := jsonfile.Encode(v)
	if err != nil {
		return err
	}
	return writeFile(name, b, c)
}

// ReadJSON reads the file as one JSON value. A missing file is fs.ErrNotExist. A
// file that is empty, is cut short, has something after the value, or does not fit
// a T is an error as well, [encoding/json.SyntaxError] or [encoding/json.UnmarshalTypeError], with the
// zero T.
func ReadJSON[T any](name string) (T, error) {
	v, err := readJSON[T](hostFS{}, name)
	return v, wrap("read JSON", name, err)
}

func readJSON[T any](fsys filesystem, name string) (T, error) {
	var zero T
	f, _, err := openRegular(fsys, name)
	if err != nil {
		return zero, err
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		return zero, err
	}
	return jsonfile.Decode[T](b)
}

// UpdateJSON changes the file under a lock: it reads the file, calls fn, and writes
// *v as fn left it. No update is lost, however many goroutines and processes update
// the file at once, if all of them use UpdateJSON. Other programs can take part by
// holding a [Lock] on [LockPath] of the file.
//
// exists is false, and *v the zero T, when there is no file yet. A file that is not
// the JSON of a T is an error, and fn is not called. If fn returns an error, nothing
// is written and UpdateJSON returns that error as it is; if the error is
// [ErrNoChange], nothing is written and UpdateJSON returns nil.
//
// ctx and [Options].Lock limit the wait for the lock; if ctx has ended already,
// nothing is done. fn must not update the same file: it would wait for itself.
func UpdateJSON[T any](ctx context.Context, name string, fn func(v *T, exists bool) error, opts *Options) error {
	const op = "update JSON"
	if fn == nil {
		return wrap(op, name, fmt.Errorf("%w: the function is nil", fs.ErrInvalid))
	}
	c, err := newLockingConfig(jsonPerm, opts)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return wrap(op, name, err)
	}
	path, made, err := c.prepareUpdate(name)
	if err != nil {
		return wrap(op, name, err)
	}
	lock, err := acquire(ctx, c.fsys, LockPath(path), exclusive, &c.Lock)
	if err != nil {
		made.remove()
		return err // it names the lock file
	}
	defer lock.Unlock()

	v, err := readJSON[T](c.fsys, path)
	exists := !errors.Is(err, fs.ErrNotExist)
	if err != nil && exists {
		return wrap(op, name, err)
	}
	switch err := fn(&v, exists); {
	case errors.Is(err, ErrNoChange):
		return nil
	case err != nil:
		return err
	}
	if err := writeJSON(path, v, c); err != nil {
		return wrap(op, name, err)
	}
	return lock.Unlock()
}

// prepareUpdate returns the file that name leads to, so that all the symbolic links
// to one file share its lock, and makes its directory.
func (c *config) prepareUpdate(name string) (string, *parents, error) {
	path, old, err := c.resolve(name)
	if err != nil {
		return "", nil, err
	}
	made := &parents{}
	if dir, _ := split(path); old == nil && !c.NoMkdir {
		if made, err = makeParents(c.fsys, dir); err != nil {
			return "", nil, err
		}
		if !c.NoSync { // the write finds the directories, and does not fsync them
			if err := made.sync(); err != nil {
				made.remove()
				return "", nil, err
			}
		}
	}
	return path, made, nil
}

const (
	lockSuffix = ".lock"
	maxName    = 255 // bytes, on nearly all file systems
)

// LockPath returns the path of the lock file with which [UpdateJSON] guards the
// file: its name with ".lock" added. Where that would be longer than 255 bytes, the
// name is cut and its hash is added. A symbolic link has the lock file of the file
// that it leads to, so it must be resolved before.
func LockPath(name string) string {
	dir, base := filepath.Split(name)
	// A name that is too long itself must fail, and not lock.
	if len(base)+len(lockSuffix) > maxName && len(base) <= maxName {
		hash := fmt.Sprintf(".%016x", xxhash.Sum64String(base))
		base = cut(base, maxName-len(hash)-len(lockSuffix)) + hash
	}
	return dir + base + lockSuffix
}
