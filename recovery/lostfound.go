package recovery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/internal/layout"
	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
)

// rescue is a copy to be made in lost+found.
type rescue struct {
	path string // of the action that it belongs to; empty for bytes of the log
	name string // the copy is named after it
	why  string
	open func() (io.ReadCloser, error)
}

// foundAt rescues the file or link that is found at p.
func foundAt(tree *observer, p string) rescue {
	return rescue{p, p, "what was at " + p, func() (io.ReadCloser, error) {
		fi, err := tree.root.Lstat(p)
		if err == nil && fi.Mode()&fs.ModeSymlink != 0 {
			target, err := tree.root.Readlink(p)
			return io.NopCloser(strings.NewReader(target)), err
		}
		if err != nil || !fi.Mode().IsRegular() {
			return nil, errors.Join(err, fs.ErrNotExist)
		}
		return tree.root.OpenFile(p, os.O_RDONLY|fsx.NonBlocking, 0)
	}}
}

// loggedFor rescues the content that the log wants at a path, if there is any.
func loggedFor(tree *observer, c *apply.Change) []rescue {
	switch c.Payload.Kind {
	case record.PayloadNone:
		return nil
	case record.PayloadInline:
		return []rescue{{c.Path, c.Path, fmt.Sprintf("what tx %d put at %s", c.Tx, c.Path), func() (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader(string(c.Payload.Data))), nil
		}}}
	default:
		return []rescue{stagedFor(tree, c)}
	}
}

// stagedFor rescues the file in staging that holds the content for a path.
func stagedFor(tree *observer, c *apply.Change) rescue {
	return rescue{c.Path, c.Path, fmt.Sprintf("what tx %d put at %s, as found in staging", c.Tx, c.Path), func() (io.ReadCloser, error) {
		return tree.openStaged(c.Payload.Name)
	}}
}

// segmentBytes rescues a part of a segment's file.
func segmentBytes(logDir string, name segment.Name, offset, length int64) rescue {
	label := fmt.Sprintf("segment-%s-at-%d", name, offset)
	why := fmt.Sprintf("%d bytes of segment %s, from offset %d on", length, name, offset)
	return rescue{"", label, why, func() (io.ReadCloser, error) {
		file, err := segment.Open(logDir, name, false)
		if err != nil {
			return nil, err
		}
		return struct {
			io.Reader
			io.Closer
		}{io.NewSectionReader(file, offset, length), file}, nil
	}}
}

// lostFolder is the folder in lost+found that one recovery makes when it needs one.
type lostFolder struct {
	ctx   context.Context
	home  *os.Root   // the journal directory
	first record.LSN // a part of the folder's name
	path  string     // below the journal directory; empty until the folder is made
	dir   *os.Root
	notes *os.File // README.txt
	count int      // of the things in the folder
}

const lostIntro = `Recovery of the journal has put these files here instead of destroying them.
Nothing refers to them. Look at them, copy what you need, and remove the folder.

`

// copy makes a durable copy, and returns its path below the journal directory, or ""
// when there is nothing to copy. Call sync before anything that was copied is
// displaced.
func (l *lostFolder) copy(r rescue) (at string, err error) {
	src, err := r.open()
	if fsx.IsNotExist(err) || errors.Is(err, segment.ErrNoFile) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer src.Close()
	name, err := l.add(r.name, r.why)
	if err != nil {
		return "", err
	}
	dst, err := l.dir.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	defer dst.Close()
	if _, err := io.Copy(dst, &contextReader{l.ctx, src}); err != nil {
		return "", err
	}
	// Before the original is displaced: a power loss must not destroy both.
	if err := dst.Sync(); err != nil {
		return "", err
	}
	return path.Join(l.path, name), dst.Close()
}

// move moves something of the journal directory into the folder.
func (l *lostFolder) move(from, why string) (at string, err error) {
	name, err := l.add(path.Base(from), why)
	if err != nil {
		return "", err
	}
	at = path.Join(l.path, name)
	return at, l.home.Rename(from, at)
}

// add returns the name under which a thing is put into the folder, and notes why it
// is there.
func (l *lostFolder) add(name, why string) (string, error) {
	if l.dir == nil {
		if err := l.make(); err != nil {
			return "", err
		}
	}
	l.count++
	name = fmt.Sprintf("%04d-%s", l.count, safeName(name))
	_, err := fmt.Fprintf(l.notes, "%s: %q\n", name, why)
	return name, err
}

// make makes the folder, under a name that is not in use.
func (l *lostFolder) make() error {
	err := l.home.Mkdir(layout.LostFoundDir, 0o700)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	base := path.Join(layout.LostFoundDir, fmt.Sprintf("%s-%d", time.Now().UTC().Format("20060102T150405Z"), l.first))
	name := base
	for n := 2; ; n++ {
		err = l.home.Mkdir(name, 0o700)
		if err == nil {
			break
		}
		if !errors.Is(err, fs.ErrExist) {
			return err
		}
		name = fmt.Sprintf("%s-%d", base, n)
	}
	if l.dir, err = l.home.OpenRoot(name); err != nil {
		return err
	}
	l.path = name
	if l.notes, err = l.dir.OpenFile("README.txt", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600); err != nil {
		return err
	}
	_, err = l.notes.WriteString(lostIntro)
	return err
}

// sync makes the folder, the names in it and the directories above it durable. The
// copies are durable already.
func (l *lostFolder) sync() error {
	if l.dir == nil {
		return nil
	}
	if err := l.notes.Sync(); err != nil {
		return err
	}
	// Without their names, a power loss would leave the copies unreachable.
	for _, name := range []string{l.path, layout.LostFoundDir, "."} {
		if err := syncDir(l.home, name); err != nil {
			return err
		}
	}
	return nil
}

func (l *lostFolder) close() {
	if l.dir != nil {
		l.dir.Close()
	}
	if l.notes != nil {
		l.notes.Close() // synced before, or recovery has failed
	}
}

func syncDir(r *os.Root, name string) error {
	dir, err := r.Open(name)
	if err != nil {
		return err
	}
	defer dir.Close()
	return fsx.SyncDirFile(dir)
}

// safeName makes the last part of a path a harmless file name.
func safeName(p string) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.", r) {
			return r
		}
		return '_'
	}, path.Base(p))
	return name[max(0, len(name)-64):]
}
