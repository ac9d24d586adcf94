// Package layout knows what a journal directory holds and under which names:
//
//	FORMAT       format version and the journal's id, see [Format]
//	LOCK         locked by the owner
//	VIEW, GATE, READY
//	             keep readers in other processes apart from the owner,
//	             see package viewlock
//	log/         one directory a segment, see package segment
//	staging/     temporary files and staged payloads, see package staging
//	lost+found/  what recovery set aside, one folder a recovery
//
// Lock files are made once and never removed: if one were, two processes could each
// hold a lock on what they take for the same file.
//
// The package opens a journal directory, refuses one that another user could have
// written, and says which paths of the tree belong to it.
package layout

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/internal/pathwalk"
)

// Names within a journal directory, and its own default name below the root.
const (
	DefaultDir = ".journal"

	FormatFile   = "FORMAT"
	LockFile     = "LOCK"
	ViewFile     = "VIEW"
	GateFile     = "GATE"
	ReadyFile    = "READY"
	LogDir       = "log"
	StagingDir   = "staging"
	LostFoundDir = "lost+found"
)

var (
	// ErrNoJournal is returned when a directory holds no journal.
	ErrNoJournal = errors.New("no journal")
	// ErrUnsafe is returned when the journal directory, or a part of it, belongs to
	// another user, can be written by others, or is not a real directory.
	ErrUnsafe = errors.New("journal directory is not safe")
)

// Dir is an opened root with the journal directory below it.
type Dir struct {
	Root *os.Root // the tree
	Home *os.Root // the journal directory
	Rel  string   // path of the journal directory below the root, slash-separated

	path string      // of the root
	info fs.FileInfo // of the journal directory
}

// Open opens the journal directory at rel, a slash-separated path below root; an
// empty rel means [DefaultDir]. It fails with [ErrNoJournal] when it is missing, and
// with [ErrUnsafe] when a part of it is not a real directory or file.
func Open(root, rel string) (*Dir, error) {
	d, err := newDir(root, rel)
	if err != nil {
		return nil, err
	}
	if err := d.open(); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// Create is [Open], but makes what is missing of the journal directory. It makes
// nothing in one that it refuses: what is there is checked first, its owner too. Call
// [Dir.Sync] before anything in it is relied on.
func Create(root, rel string) (*Dir, error) {
	d, err := newDir(root, rel)
	if err != nil {
		return nil, err
	}
	if err := d.create(); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

func (d *Dir) create() error {
	err := d.open()
	if errors.Is(err, ErrNoJournal) {
		if err := d.Root.Mkdir(d.Rel, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("make the journal directory %s: %w", d.Rel, fsx.Underlying(err))
		}
		err = d.open()
	}
	if err != nil {
		return err
	}
	if err := d.CheckOwner(); err != nil {
		return err
	}
	for _, name := range []string{LogDir, StagingDir, LostFoundDir} {
		if err := d.Home.Mkdir(name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return nil
}

func newDir(root, rel string) (*Dir, error) {
	if rel == "" {
		rel = DefaultDir
	}
	if rel == "." || !fs.ValidPath(rel) {
		return nil, fmt.Errorf("journal directory %q is not a path below the root: %w", rel, fs.ErrInvalid)
	}
	if root == "" {
		return nil, fmt.Errorf("the root is empty; for the working directory it is %q: %w", ".", fs.ErrInvalid)
	}
	abs, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	d := &Dir{Rel: rel, path: abs}
	d.Root, err = os.OpenRoot(abs)
	return d, err
}

// Close releases both directories.
func (d *Dir) Close() error {
	var errs []error
	for _, r := range []*os.Root{d.Home, d.Root} {
		if r != nil {
			errs = append(errs, r.Close())
		}
	}
	return errors.Join(errs...)
}

func (d *Dir) open() error {
	for at := range ancestry(d.Rel) {
		fi, err := checkDir(d.Root, at)
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%w in %s", ErrNoJournal, d.Path(""))
		}
		if err != nil {
			return err
		}
		d.info = fi
	}
	err := d.checkParts()
	if errors.Is(err, fs.ErrPermission) { // most likely another user's
		err = cmp.Or(checkOwner(d.Rel, d.info), err)
	}
	if err != nil {
		return err
	}
	d.Home, err = d.Root.OpenRoot(d.Rel)
	return err
}

// checkParts refuses parts that are not what they must be. Missing ones are made when
// they are needed.
func (d *Dir) checkParts() error {
	for _, name := range []string{LogDir, StagingDir, LostFoundDir} {
		if _, err := checkDir(d.Root, path.Join(d.Rel, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	for _, name := range []string{FormatFile, LockFile, ViewFile, GateFile, ReadyFile} {
		if err := checkFile(d.Root, path.Join(d.Rel, name)); err != nil {
			return err
		}
	}
	return nil
}

// ancestry yields the directories on the way to p, and p itself last.
func ancestry(p string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for i := range p {
			if p[i] == '/' && !yield(p[:i]) {
				return
			}
		}
		yield(p)
	}
}

// checkDir refuses what is not a directory: a symbolic link leads elsewhere.
func checkDir(root *os.Root, name string) (fs.FileInfo, error) {
	fi, err := root.Lstat(name)
	if err == nil && !fi.IsDir() {
		err = fmt.Errorf("%w: %s is a %s, not a directory; move it away", ErrUnsafe, name, fsx.KindOf(fi.Mode()))
	}
	return fi, err
}

// checkFile refuses what is there and not a regular file.
func checkFile(root *os.Root, name string) error {
	fi, err := root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && !fi.Mode().IsRegular() {
		err = fmt.Errorf("%w: %s is a %s, not a file; move it away", ErrUnsafe, name, fsx.KindOf(fi.Mode()))
	}
	return err
}

// CheckOwner fails with [ErrUnsafe] when another user could have written what is in the
// journal directory.
func (d *Dir) CheckOwner() error {
	for _, name := range []string{"", LogDir, StagingDir, LostFoundDir, FormatFile, LockFile, ViewFile, GateFile, ReadyFile} {
		p := path.Join(d.Rel, name)
		fi, err := d.Root.Lstat(p)
		if errors.Is(err, fs.ErrNotExist) && name != "" {
			continue // made when it is needed
		}
		if err == nil {
			err = checkOwner(p, fi)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func checkOwner(p string, fi fs.FileInfo) error {
	if uid, _, ok := fsx.Owner(fi); ok && int(uid) != os.Geteuid() {
		return fmt.Errorf("%w: %s belongs to user %d, this is user %d; run as its owner, or give it to this one with chown -R", ErrUnsafe, p, uid, os.Geteuid())
	}
	if runtime.GOOS != "windows" && fi.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("%w: others can write to %s (mode %04o); check its content, then run chmod go-w", ErrUnsafe, p, fi.Mode().Perm())
	}
	return nil
}

// Sync makes the journal directory, the directories on the way to it and all names in
// them durable. It is done at each open, before anything is acknowledged: the process
// that made them may have been killed before it synced them.
func (d *Dir) Sync() error {
	for dir := d.Path(""); dir != d.path; dir = filepath.Dir(dir) {
		if err := fsx.SyncDir(dir); err != nil {
			return err
		}
	}
	return fsx.SyncDir(d.path)
}

// RootPath returns the absolute path of the root.
func (d *Dir) RootPath() string { return d.path }

// Path returns the absolute path of name in the journal directory; an empty name is
// the directory itself.
func (d *Dir) Path(name string) string {
	return filepath.Join(d.path, filepath.FromSlash(d.Rel), name)
}

// Log returns the path of the log.
func (d *Dir) Log() string { return d.Path(LogDir) }

// Staging returns the path of name in staging, below the root.
func (d *Dir) Staging(name string) string { return path.Join(d.Rel, StagingDir, name) }

// Contains reports whether p, a slash-separated path below the root, is the journal
// directory or is in it. Where file systems usually ignore case, so does Contains.
func (d *Dir) Contains(p string) bool {
	if len(p) < len(d.Rel) || len(p) > len(d.Rel) && p[len(d.Rel)] != '/' {
		return false
	}
	head := p[:len(d.Rel)]
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		return strings.EqualFold(head, d.Rel)
	}
	return head == d.Rel
}

// Reaches reports whether p, a slash-separated path below the root, leads to the
// journal directory or into it: by its names, by symbolic links on the way, or by
// another spelling that the file system takes for the same name. A symbolic link at p
// itself is not followed.
func (d *Dir) Reaches(p string) bool {
	if d.Contains(p) {
		return true
	}
	_, err := pathwalk.Walk(p, false, func(p string, _ bool) (target string, err error) {
		fi, err := d.Root.Lstat(p)
		switch {
		case err != nil:
			return "", err
		case d.Is(fi):
			return "", errReached
		case fi.Mode()&fs.ModeSymlink != 0:
			target, err = d.Root.Readlink(p)
			return filepath.ToSlash(target), err
		}
		return "", nil
	})
	return errors.Is(err, errReached) // any other error: nothing can be reached
}

var errReached = errors.New("reached")

// IsBelow reports whether the journal directory is below dir.
func (d *Dir) IsBelow(dir string) bool { return Below(d.Rel, dir) }

// Is reports whether fi describes the journal directory, whatever name led to it.
func (d *Dir) Is(fi fs.FileInfo) bool { return os.SameFile(fi, d.info) }

// Below reports whether the slash-separated path p is below dir.
func Below(p, dir string) bool {
	return len(p) > len(dir) && p[len(dir)] == '/' && strings.HasPrefix(p, dir)
}
