package inspect

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/forewrite/forewrite/internal/layout"
	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
	"github.com/forewrite/forewrite/recovery"
)

// ErrNoJournal: there is no journal at the given place.
var ErrNoJournal = errors.New("no journal here")

// Journal is a journal to look at.
type Journal struct {
	Root string // the tree that it protects
	Dir  string // the journal directory

	Progress func(n int64) // called as a scan goes on, with the bytes that were read; may be nil
}

const (
	defaultDir = ".journal"
	logDir     = "log"
	stagingDir = "staging"
	lostDir    = "lost+found"
	lockFile   = "LOCK"
)

// Find returns the journal at dir, which is a root or a journal directory. The
// root of a journal directory is the directory above it, unless root says
// otherwise.
func Find(dir, root string) (*Journal, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	home := filepath.Join(dir, defaultDir)
	if found, err := isJournal(home); err != nil {
		return nil, err
	} else if !found {
		home = dir
	}
	if found, err := isJournal(home); err != nil {
		return nil, err
	} else if !found {
		return nil, fmt.Errorf("%s: %w", quote(dir), ErrNoJournal)
	}
	if root == "" {
		root = filepath.Dir(home)
	}
	if root, err = filepath.Abs(root); err != nil {
		return nil, err
	}
	if rel, err := filepath.Rel(root, home); err != nil || rel == "." || !filepath.IsLocal(rel) {
		return nil, fmt.Errorf("the journal directory %s does not lie beneath the root %s", quote(home), quote(root))
	}
	return &Journal{Root: root, Dir: home}, nil
}

// isJournal tells whether dir was made by a journal: it has a FORMAT, or a log in
// which there are segments.
func isJournal(dir string) (bool, error) {
	_, err := os.Lstat(filepath.Join(dir, layout.FormatFile))
	if err == nil || errors.Is(err, fs.ErrPermission) { // not ours to look into
		return err == nil, err
	}
	l, err := segment.List(filepath.Join(dir, logDir))
	return err == nil && len(l.Segments) > 0, nil
}

// Format reads the journal's format and id.
func (j *Journal) Format() (layout.Format, error) {
	home, err := os.OpenRoot(j.Dir)
	if err != nil {
		return layout.Format{}, err
	}
	defer home.Close()
	format, err := layout.ReadFormat(home)
	if errors.Is(err, record.ErrVersion) {
		err = &recovery.FormatError{Path: filepath.Join(j.Dir, layout.FormatFile), Err: err}
	}
	return format, err
}

func (j *Journal) log() string { return filepath.Join(j.Dir, logDir) }

// LogSize returns the size in bytes of the segments' files together.
func (j *Journal) LogSize() int64 {
	listing, err := segment.List(j.log())
	if err != nil {
		return 0
	}
	sum := int64(0)
	for _, name := range listing.Segments {
		if fi, err := os.Lstat(filepath.Join(j.log(), name.String(), segment.FileName)); err == nil {
			sum += fi.Size()
		}
	}
	return sum
}

// Log is what a scan found.
type Log struct {
	*segment.Log
	Owner   Owner
	LastTxs record.LSN // of the last group that holds transactions; 0 when there is none
}

// InFlight reports whether the log ends unclean because its owner is writing.
func (l *Log) InFlight() bool { return l.End.State == segment.Torn && l.Owner.Present }

func (j *Journal) noLog() bool {
	_, err := os.Lstat(j.log())
	return errors.Is(err, fs.ErrNotExist)
}

const (
	rescans = 5
	pause   = 20 * time.Millisecond
)

// Scan reads the log and calls visit, which may be nil, for each valid group once,
// in order. Beside an owner the log moves while it is read: an end that is not
// clean is looked at again.
func (j *Journal) Scan(ctx context.Context, visit func(*segment.Group) error) (*Log, error) {
	var seen, lastTxs record.LSN
	for try := 1; ; try++ {
		log, err := segment.Scan(ctx, j.log(), segment.Options{}, func(g segment.Group) error {
			if j.Progress != nil {
				j.Progress(g.Size)
			}
			if len(g.Content.Txs) > 0 {
				lastTxs = g.Header.LSN
			}
			if g.Header.LSN <= seen || visit == nil {
				return nil
			}
			seen = g.Header.LSN
			return visit(&g)
		})
		moved := errors.Is(err, fs.ErrNotExist) // a segment was retired just now
		if moved && j.noLog() {
			end := segment.End{State: segment.Corrupt, LSN: 1, Err: fmt.Errorf("%w: there is no log directory", segment.ErrMissing)}
			return &Log{Log: &segment.Log{End: end}, Owner: j.owner()}, nil
		}
		if err != nil && (!moved || try > rescans) {
			return nil, err
		}
		if err == nil {
			owner := j.owner()
			if log.End.State == segment.Clean || owner.idle || try > rescans {
				return &Log{log, owner, lastTxs}, nil
			}
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pause):
		}
	}
}

// CheckVersion returns a *recovery.FormatError when the journal was written by a
// newer version, and so can't be looked at with this one.
func (j *Journal) CheckVersion() error {
	_, err := j.Format()
	if errors.Is(err, record.ErrVersion) {
		return err
	}
	return nil // what else is wrong with FORMAT the commands tell of
}
