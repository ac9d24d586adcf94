package inspect

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/forewrite/forewrite/internal/inspect/wording"
	"github.com/forewrite/forewrite/internal/layout"
	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
)

// ErrNoJournal is returned when a directory holds no journal.
var ErrNoJournal = layout.ErrNoJournal

// Journal is a journal to look at.
type Journal struct {
	Root string // absolute path of the tree that it protects
	Dir  string // absolute path of the journal directory

	// Progress is called as a scan goes on, with the number of bytes that were read
	// since the last call. It may be nil.
	Progress func(n int64)
}

// Find returns the journal at dir, which is a root or a journal directory. The
// root of a journal directory is the directory above it, unless root names another.
func Find(dir, root string) (*Journal, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if fi, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s does not exist", ErrNoJournal, wording.Quote(dir))
	} else if err == nil && !fi.IsDir() {
		return nil, fmt.Errorf("%w: %s is a file; give the directory that the journal protects", ErrNoJournal, wording.Quote(dir))
	}
	home, err := findHome(dir)
	if err != nil {
		return nil, err
	}
	if root == "" {
		root = filepath.Dir(home)
	}
	if root, err = filepath.Abs(root); err != nil {
		return nil, err
	}
	if rel, err := filepath.Rel(root, home); err != nil || rel == "." || !filepath.IsLocal(rel) {
		return nil, fmt.Errorf("the journal directory %s is not below the root %s; give the root that the journal was opened with",
			wording.Quote(home), wording.Quote(root))
	}
	return &Journal{Root: root, Dir: home}, nil
}

// findHome returns the journal directory that dir has or is.
func findHome(dir string) (string, error) {
	for _, home := range []string{filepath.Join(dir, layout.DefaultDir), dir} {
		if found, err := isJournal(home); found || err != nil {
			return home, err
		}
	}
	return "", fmt.Errorf("%w in %s: give the directory that the journal protects, or the journal directory itself",
		ErrNoJournal, wording.Quote(dir))
}

// isJournal reports whether dir was made by a journal: it has a FORMAT, or a log with
// segments.
func isJournal(dir string) (bool, error) {
	_, err := os.Lstat(filepath.Join(dir, layout.FormatFile))
	if errors.Is(err, fs.ErrPermission) {
		return false, fmt.Errorf("%w; run journal-inspect as the owner of the journal", err)
	}
	if err == nil {
		return true, nil
	}
	l, err := segment.List(filepath.Join(dir, layout.LogDir))
	return err == nil && len(l.Segments) > 0, nil
}

// path returns the path of a part of the journal directory.
func (j *Journal) path(name string) string { return filepath.Join(j.Dir, name) }

// log returns the path of the log directory.
func (j *Journal) log() string { return j.path(layout.LogDir) }

// Format reads the journal's format and id. It fails with [record.ErrVersion] when
// the journal is of a newer format than this program knows.
func (j *Journal) Format() (layout.Format, error) {
	home, err := os.OpenRoot(j.Dir)
	if err != nil {
		return layout.Format{}, err
	}
	defer home.Close()
	f, err := layout.ReadFormat(home)
	if errors.Is(err, record.ErrVersion) {
		return f, fmt.Errorf("%s: %w; use the journal-inspect of the program that wrote it",
			wording.Quote(j.path(layout.FormatFile)), err)
	}
	return f, err
}

// CheckVersion fails with [record.ErrVersion] when the journal was written by a newer
// version, so that nothing else about it can be known. Other errors of FORMAT are
// left to the commands, which report them as findings.
func (j *Journal) CheckVersion() error {
	if _, err := j.Format(); errors.Is(err, record.ErrVersion) {
		return err
	}
	return nil
}

// segmentFiles calls fn with the name and file information of each segment of the
// log. What can't be read is left out.
func (j *Journal) segmentFiles(fn func(segment.Name, fs.FileInfo)) {
	listing, err := segment.List(j.log())
	if err != nil {
		return
	}
	for _, name := range listing.Segments {
		if fi, err := os.Lstat(segment.Path(j.log(), name)); err == nil {
			fn(name, fi)
		}
	}
}

// LogSize returns the size in bytes of all segments' files.
func (j *Journal) LogSize() (sum int64) {
	j.segmentFiles(func(_ segment.Name, fi fs.FileInfo) { sum += fi.Size() })
	return sum
}
