package snapshot

import (
	"errors"
	"io/fs"
	"path"
	"time"

	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/internal/staging"
	"github.com/forewrite/forewrite/journal/record"
)

// Version is what was at a path until a commit changed it.
type Version struct {
	Exists bool // false: nothing was there
	Mode   fs.FileMode
	Size   int64
	MTime  time.Time
	Target string // of a symbolic link
	Staged string // name in staging of the content: of a file, or of a whole directory

	until uint64
	tree  bool // a directory whose whole content was preserved
}

// Preserve preserves what the step is going to change, as the state before commit seq,
// if an open snapshot shows it.
func (s *Store) Preserve(seq uint64, step apply.Step) error {
	if s.files.Moot(step) {
		return nil
	}
	s.mu.Lock()
	needed := s.needed(step.Path)
	s.mu.Unlock()
	if !needed {
		return nil
	}
	v, err := s.versionOf(step)
	if err != nil {
		return err
	}
	v.until = seq
	s.mu.Lock()
	defer s.mu.Unlock()
	if v.tree { // under the lock: a snapshot finds the tree here or there
		v.Staged, err = s.files.Staging.MoveIn(step.Path)
		if fsx.IsNotExist(err) { // another program removed it just now
			v = Version{until: seq}
		} else if err != nil {
			return err
		}
	}
	s.add(step.Path, v)
	return nil
}

// needed reports whether an open snapshot shows what is at p now: whether one was
// opened after the last version of it, by itself or as part of a tree, was preserved.
func (s *Store) needed(p string) bool {
	if len(s.open) == 0 {
		return false
	}
	newest := uint64(0)
	for snap := range s.open {
		newest = max(newest, snap.at)
	}
	if v, ok := lastOf(s.versions[p]); ok && v.until > newest {
		return false
	}
	for dir := path.Dir(p); dir != "."; dir = path.Dir(dir) {
		if v, ok := lastOf(s.versions[dir]); ok && v.until > newest && v.tree {
			return false
		}
	}
	return true
}

func lastOf(all []Version) (Version, bool) {
	if len(all) == 0 {
		return Version{}, false
	}
	return all[len(all)-1], true
}

func (s *Store) add(p string, v Version) {
	s.versions[p] = append(s.versions[p], v)
	dir := path.Dir(p)
	if s.names[dir] == nil {
		s.names[dir] = make(map[string]struct{})
	}
	s.names[dir][path.Base(p)] = struct{}{}
}

// versionOf describes what is at the step's path, and gives a file a name in staging.
func (s *Store) versionOf(step apply.Step) (Version, error) {
	fi, err := s.files.Root.Lstat(step.Path)
	if fsx.IsNotExist(err) {
		return Version{}, nil
	}
	if err != nil {
		return Version{}, err
	}
	v := Version{Exists: true, Mode: fi.Mode(), Size: fi.Size(), MTime: fi.ModTime()}
	switch {
	case fi.Mode()&fs.ModeSymlink != 0:
		v.Target, err = s.files.Root.Readlink(step.Path)
	case fi.Mode().IsRegular():
		v.Staged, err = s.files.Staging.Clone(step.Path)
		if errors.Is(err, fs.ErrNotExist) { // another program removed it just now
			return Version{}, nil
		}
	case fi.IsDir():
		v.tree = removesTree(step)
	}
	return v, err
}

// removesTree reports whether the step removes a directory with all that it holds.
func removesTree(s apply.Step) bool {
	return s.Op == record.OpRemoveAll || s.Act == apply.ActClear && s.Before == apply.RemovedAll
}

// Find returns the version of p that the snapshot shows. Without one, it shows what is
// on disk. Of a directory above p that was preserved whole, rest is the path in it.
func (s *Snapshot) Find(p string) (found Version, rest string, ok bool) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	found, ok = s.first(s.store.versions[p])
	for dir := path.Dir(p); dir != "."; dir = path.Dir(dir) {
		v, exists := s.first(s.store.versions[dir])
		if exists && v.tree && (!ok || v.until <= found.until) {
			found, rest, ok = v, p[len(dir)+1:], true
		}
	}
	return found, rest, ok
}

// first returns the version that was current when the snapshot was opened.
func (s *Snapshot) first(all []Version) (Version, bool) {
	for _, v := range all {
		if v.until > s.at {
			return v, true
		}
	}
	return Version{}, false
}

// Names returns the names in the directory dir that have versions.
func (s *Snapshot) Names(dir string) []string {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	names := make([]string, 0, len(s.store.names[dir]))
	for name := range s.store.names[dir] {
		names = append(names, name)
	}
	return names
}

// At returns what is at rest in a directory that was preserved whole.
func (v Version) At(stage *staging.Dir, rest string) (Version, error) {
	name := path.Join(v.Staged, rest)
	fi, err := stage.Root.Lstat(name)
	if err != nil {
		return Version{}, fsx.IgnoreNotExist(err)
	}
	in := Version{Exists: true, Mode: fi.Mode(), Size: fi.Size(), MTime: fi.ModTime(), Staged: name}
	if fi.Mode()&fs.ModeSymlink != 0 {
		in.Target, err = stage.Root.Readlink(name)
	}
	return in, err
}

// Names returns the names in a directory that was preserved whole.
func (v Version) Names(stage *staging.Dir) ([]string, error) {
	dir, err := stage.Open(v.Staged)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	return dir.Readdirnames(-1)
}
