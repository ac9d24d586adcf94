package recovery

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/forewrite/forewrite/internal/layout"
	"github.com/forewrite/forewrite/journal/record"
)

const (
	logName     = "log"
	stagingName = "staging"
	lostName    = "lost+found"
)

// place is a root and the journal directory in it, both open.
type place struct {
	rootPath string
	root     *os.Root    // the tree
	home     *os.Root    // the journal directory
	info     fs.FileInfo // of the journal directory
	rel      string      // its path beneath the root, slash-separated
	log      string      // path of the log
	dir      string      // path of the journal directory
}

// openPlace opens both, and refuses a journal directory that is not beneath the
// root, or of which a part is not a real directory.
func openPlace(root, dir string) (*place, error) {
	if dir == "" {
		dir = filepath.Join(root, ".journal")
	}
	rel, err := relative(root, dir)
	if err != nil {
		return nil, err
	}
	r, err := os.OpenRoot(root)
	if err != nil {
		return nil, err
	}
	p := &place{root: r, rel: rel, dir: dir, log: filepath.Join(dir, logName), rootPath: root}
	if err := p.open(); err != nil {
		r.Close()
		return nil, err
	}
	return p, nil
}

func (p *place) open() error {
	for at := 0; at < len(p.rel); at++ {
		end := strings.IndexByte(p.rel[at:], '/')
		if end < 0 {
			end = len(p.rel) - at
		}
		at += end
		fi, err := p.directory(p.root, p.rel[:at])
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("recovery: %w in %s", ErrNoJournal, p.dir)
		}
		if err != nil {
			return err
		}
		p.info = fi
	}
	home, err := p.root.OpenRoot(p.rel)
	if err != nil {
		return err
	}
	for _, name := range []string{logName, stagingName, lostName} {
		if _, err := p.directory(home, name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			home.Close()
			return err
		}
	}
	p.home = home
	return nil
}

// directory refuses what is not a directory, or reached by a symbolic link.
func (p *place) directory(r *os.Root, name string) (fs.FileInfo, error) {
	fi, err := r.Lstat(name)
	if err == nil && !fi.IsDir() {
		err = fmt.Errorf("recovery: %w: %s in %s is a %s", ErrUnsafe, name, p.dir, kindOf(fi.Mode()))
	}
	return fi, err
}

func (p *place) close() error { return errors.Join(p.home.Close(), p.root.Close()) }

// relative returns where dir lies beneath root.
func relative(root, dir string) (string, error) {
	from, err := filepath.Abs(root)
	if err != nil {
		return "", err
	}
	to, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	rel, err := filepath.Rel(from, to)
	if err != nil || rel == "." || !filepath.IsLocal(rel) {
		return "", fmt.Errorf("recovery: the journal directory %s does not lie beneath %s: %w", dir, root, fs.ErrInvalid)
	}
	return filepath.ToSlash(rel), nil
}

// offLimits reports whether the operation at p would touch the journal directory:
// by its path, by a symbolic link on the way, or by another spelling of the name.
func (p *place) offLimits(name string, op record.Op) bool {
	if layout.Below(p.rel, name) { // a directory above it
		return op != record.OpMkdir && op != record.OpChmod
	}
	if name == p.rel || layout.Below(name, p.rel) {
		return true
	}
	at, todo := ".", strings.Split(name, "/")
	for links := 0; len(todo) > 0 && links < 64; {
		at, todo = path.Join(at, todo[0]), todo[1:]
		fi, err := p.root.Lstat(at)
		if err != nil {
			return false // nothing can be reached through it
		}
		if os.SameFile(fi, p.info) {
			return true
		}
		if fi.Mode()&fs.ModeSymlink != 0 && len(todo) > 0 {
			target, err := p.root.Readlink(at)
			if err != nil || path.IsAbs(target) {
				return false // nor through this, beneath the root
			}
			at, todo = path.Dir(at), append(strings.Split(filepath.ToSlash(target), "/"), todo...)
			links++
		}
	}
	return false
}

// kindOf names a type of file for people.
func kindOf(m fs.FileMode) string {
	switch {
	case m.IsRegular():
		return "file"
	case m.IsDir():
		return "directory"
	case m&fs.ModeSymlink != 0:
		return "symbolic link"
	case m&fs.ModeNamedPipe != 0:
		return "named pipe"
	case m&fs.ModeSocket != 0:
		return "socket"
	case m&fs.ModeDevice != 0:
		return "device"
	}
	return "special file"
}
