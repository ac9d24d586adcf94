package recovery

import (
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
	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
)

// job is a copy to lost+found.
type job struct {
	path string // of the action that it belongs to; empty for bytes of the log
	name string // what the copy is called
	why  string
	open func() (io.ReadCloser, error)
}

func (a *analysis) keepTheirs(p string) {
	a.keep(p, p, "what was at "+p, func() (io.ReadCloser, error) {
		fi, err := a.root.Lstat(p)
		if err == nil && fi.Mode()&fs.ModeSymlink != 0 {
			target, err := a.root.Readlink(p)
			return io.NopCloser(strings.NewReader(target)), err
		}
		if err != nil || !fi.Mode().IsRegular() {
			return nil, errors.Join(err, fs.ErrNotExist)
		}
		return a.root.OpenFile(p, os.O_RDONLY|fsx.NonBlocking, 0)
	})
}

func (a *analysis) keepOurs(c *apply.Change) {
	switch c.Payload.Kind {
	case record.PayloadNone:
	case record.PayloadInline:
		a.keep(c.Path, c.Path, fmt.Sprintf("what tx %d put at %s", c.Tx, c.Path), func() (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader(string(c.Payload.Data))), nil
		})
	default:
		a.keepStaged(c)
	}
}

func (a *analysis) keepStaged(c *apply.Change) {
	a.keep(c.Path, c.Path, fmt.Sprintf("what tx %d put at %s, as found in staging", c.Tx, c.Path), func() (io.ReadCloser, error) {
		return a.openStaged(c.Payload.Name)
	})
}

func (a *analysis) keepSegment(name segment.Name, offset, length int64) {
	if length == 0 {
		return
	}
	label := fmt.Sprintf("segment-%s-at-%d", name, offset)
	why := fmt.Sprintf("%d bytes of segment %s, from offset %d on", length, name, offset)
	a.keep("", label, why, func() (io.ReadCloser, error) {
		file, err := segment.Open(a.log, name, false)
		if err != nil {
			return nil, err
		}
		return struct {
			io.Reader
			io.Closer
		}{io.NewSectionReader(file, offset, length), file}, nil
	})
}

func (a *analysis) keep(p, name, why string, open func() (io.ReadCloser, error)) {
	a.jobs = append(a.jobs, job{path: p, name: name, why: why, open: open})
}

// lost is the folder in lost+found that one recovery makes, when it needs one.
type lost struct {
	*analysis
	first  record.LSN
	folder *os.Root
	notes  *os.File // README.txt
	count  int
}

const lostIntro = `Recovery of the journal has put these files here instead of destroying them.
Nothing refers to them: look at them, take what you need, and remove the folder.

`

// make makes the folder, with the note that says why.
func (l *lost) make() error {
	if l.folder != nil {
		return nil
	}
	err := l.home.Mkdir(lostName, 0o700)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	name := path.Join(lostName, fmt.Sprintf("%s-%d", time.Now().UTC().Format("20060102T150405Z"), l.first))
	base := name
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
	if l.folder, err = l.home.OpenRoot(name); err != nil {
		return err
	}
	l.report.Lost = name
	if l.notes, err = l.folder.OpenFile("README.txt", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600); err != nil {
		return err
	}
	_, err = l.notes.WriteString(lostIntro)
	return err
}

// flush does the jobs that are due and makes the copies durable. Nothing that was
// copied may be displaced before it returned nil: a crash would lose both.
func (l *lost) flush() error {
	if len(l.jobs) == 0 {
		return nil
	}
	for _, j := range l.jobs {
		if err := l.ctx.Err(); err != nil {
			return err
		}
		if err := l.do(j); err != nil {
			return fmt.Errorf("recovery: keep %s in %s: %w", j.why, lostName, err)
		}
	}
	l.jobs = nil
	return l.sync()
}

func (l *lost) do(j job) error {
	src, err := j.open()
	if fsx.IsNotExist(err) || errors.Is(err, segment.ErrNoFile) {
		return nil // nothing there to keep
	}
	if err != nil {
		return err
	}
	defer src.Close()
	name, err := l.name(j.name, j.why)
	if err != nil {
		return err
	}
	dst, err := l.folder.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer dst.Close()
	if _, err := io.Copy(dst, &contextReader{l.ctx, src}); err != nil {
		return err
	}
	if err := dst.Sync(); err != nil {
		return err
	}
	l.kept(j.path, path.Join(l.report.Lost, name))
	return dst.Close()
}

// name finds a name for a thing to keep, and notes why it is there.
func (l *lost) name(name, why string) (string, error) {
	if err := l.make(); err != nil {
		return "", err
	}
	l.count++
	name = fmt.Sprintf("%04d-%s", l.count, safeName(name))
	_, err := fmt.Fprintf(l.notes, "%s: %q\n", name, why)
	return name, err
}

// take moves something of the journal directory into the folder.
func (l *lost) take(from, why string) error {
	name, err := l.name(path.Base(from), why)
	if err != nil {
		return err
	}
	to := path.Join(l.report.Lost, name)
	if err := l.home.Rename(from, to); err != nil {
		return err
	}
	l.kept("", to)
	return nil
}

// kept notes in the report where a copy is.
func (l *lost) kept(p, at string) {
	if p == "" {
		l.report.Tail.Kept = append(l.report.Tail.Kept, at)
		return
	}
	for i := range l.report.Actions {
		if l.report.Actions[i].Path == p {
			l.report.Actions[i].Kept = at
		}
	}
}

// sync makes the folder and the way to it durable; the files in it are.
func (l *lost) sync() error {
	if l.folder == nil {
		return nil
	}
	if err := l.notes.Sync(); err != nil {
		return err
	}
	for _, name := range []string{l.report.Lost, lostName, "."} {
		if err := syncDir(l.home, name); err != nil {
			return err
		}
	}
	return nil
}

func (l *lost) close() {
	if l.folder != nil {
		l.folder.Close()
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
