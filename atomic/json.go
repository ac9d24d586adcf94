package atomic

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// jsonMode is that of a new JSON file, before umask; ExactMode says otherwise.
const jsonMode = 0o644

// lockSuffix makes the name of the lock file that guards a file.
const lockSuffix = ".lock"

// WriteJSON writes v as JSON for people to read, too: indented by two spaces, with
// < and & as they are and a newline at the end. A v that can't be marshalled leaves
// the file as it was. A new file gets mode 0644 before umask; see [ExactMode].
//
// When several processes change the file, use [UpdateJSON].
func WriteJSON(name string, v any, opts ...Option) error {
	return wrap("write JSON", name, writeJSON(name, v, newConfig(jsonMode, opts)))
}

func writeJSON(name string, v any, c *config) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", c.indent)
	if err := enc.Encode(v); err != nil {
		return err
	}
	return writeFile(name, b.Bytes(), c)
}

// ReadJSON reads the file as one JSON value. A missing file is fs.ErrNotExist, and
// one that is empty, cut short or otherwise no JSON for a T is an error, too
// ([json.SyntaxError], [json.UnmarshalTypeError]): never silently the zero T.
func ReadJSON[T any](name string) (T, error) {
	v, err := readJSON[T](host{}, name)
	return v, wrap("read JSON", name, err)
}

func readJSON[T any](t tree, name string) (T, error) {
	var v, zero T
	f, _, err := openRegular(t, name)
	if err != nil {
		return zero, err
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		return zero, err
	}
	if err := json.Unmarshal(b, &v); err != nil {
		return zero, err
	}
	return v, nil
}

// UpdateJSON changes the file under a lock: it reads it, calls fn, and writes back
// what fn made of *v. Any number of goroutines and processes may do so at once and
// no update is lost, as long as all of them use UpdateJSON (or hold a [Lock] on the
// file's path with ".lock" added).
//
// exists is false, and *v the zero T, when there is no file yet; a file that is
// there but no JSON is an error, and fn is not called. The error of fn comes back
// as it is and nothing is written; with [ErrNoChange], or an error that wraps it,
// nothing is written and UpdateJSON returns nil.
//
// It waits for the lock for as long as ctx and [LockTimeout] allow. fn must not
// update the same file: it would wait for itself.
func UpdateJSON[T any](ctx context.Context, name string, fn func(v *T, exists bool) error, opts ...Option) error {
	const op = "update JSON"
	if fn == nil {
		return wrap(op, name, fmt.Errorf("%w: nil function", fs.ErrInvalid))
	}
	c := newConfig(jsonMode, opts)
	lock, path, err := lockTarget(ctx, name, c)
	if errors.Is(err, ErrLock) {
		return err // it tells its own path
	}
	if err != nil {
		return wrap(op, name, err)
	}
	defer lock.Unlock()

	v, err := readJSON[T](c.tree, path)
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

// lockTarget locks the file that name leads to, so that all the symbolic links to
// one file share its lock.
func lockTarget(ctx context.Context, name string, c *config) (*FileLock, string, error) {
	path, old, err := c.resolve(name)
	if err != nil {
		return nil, "", err
	}
	made := &parents{}
	if dir, _ := split(path); old == nil && !c.noMkdir {
		if made, err = makeParents(c.tree, dir); err != nil {
			return nil, "", err
		}
		if !c.noSync { // the write finds them there, and leaves this to us
			if err := made.sync(); err != nil {
				made.remove()
				return nil, "", err
			}
		}
	}
	lock, err := acquire(ctx, c.tree, path+lockSuffix, exclusive, c.lockTimeout)
	if err != nil {
		made.remove()
	}
	return lock, path, err
}
