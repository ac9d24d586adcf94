package journal

import (
	"errors"
	"io/fs"
	"path"
	"sync"
	"sync/atomic"

	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/journal/record"
)

// views keeps what open views may still need of what is replaced.
//
// A view sees the tree as it was when transaction number at had been applied, and
// nothing later. Before a later transaction changes a path, what is there is kept
// as a version that lasted until that transaction. A path without a version is
// what the disk has.
type views struct {
	mu      sync.Mutex
	open    map[*view]struct{}
	applied uint64 // the last transaction that was applied whole
	busy    bool   // one is being applied
	waiting int    // views that wait to begin until it is
	turn    sync.Cond

	versions map[string][]version           // by path, oldest first
	names    map[string]map[string]struct{} // by directory: names that have versions
}

// view is one open view.
type view struct {
	j     *Journal
	at    uint64
	ended atomic.Bool
}

// version is what was at a path until a transaction changed it.
type version struct {
	until uint64
	node  node
	tree  bool // node is a directory whose whole content was kept
}

// begin opens a view as of the last transaction that is applied whole.
func (vs *views) begin(j *Journal) *view {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	vs.waiting++
	for vs.busy {
		vs.turn.Wait()
	}
	vs.waiting--
	vs.turn.Broadcast()
	v := &view{j: j, at: vs.applied}
	if vs.open == nil {
		vs.open = make(map[*view]struct{})
	}
	vs.open[v] = struct{}{}
	return v
}

// end closes the view and gives back what nobody else needs.
func (v *view) end() {
	v.ended.Store(true)
	vs := &v.j.views
	vs.mu.Lock()
	delete(vs.open, v)
	garbage := vs.collect()
	vs.mu.Unlock()
	v.j.discard(garbage)
}

// discard removes what nobody needs from staging. A leftover is removed by the
// next recovery.
func (j *Journal) discard(garbage []string) {
	for _, name := range garbage {
		j.files.Staging.RemoveAll(name)
	}
}

// collect forgets the versions that no open view needs, and returns their names.
func (vs *views) collect() (garbage []string) {
	oldest := ^uint64(0)
	for v := range vs.open {
		oldest = min(oldest, v.at)
	}
	for p, all := range vs.versions {
		n := 0
		for n < len(all) && all[n].until <= oldest {
			if all[n].node.kept != "" {
				garbage = append(garbage, all[n].node.kept)
			}
			n++
		}
		if n < len(all) {
			vs.versions[p] = all[n:]
			continue
		}
		delete(vs.versions, p)
		dir := path.Dir(p)
		delete(vs.names[dir], path.Base(p))
		if len(vs.names[dir]) == 0 {
			delete(vs.names, dir)
		}
	}
	return garbage
}

// applying says that a transaction is about to be applied, and reports whether
// versions must be kept. Views that wait to begin go first; those that come now
// wait for applyDone.
func (vs *views) applying() (keep bool) {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	for vs.waiting > 0 {
		vs.turn.Wait()
	}
	vs.busy = true
	return len(vs.open) > 0
}

// applyDone says that transaction seq is applied.
func (vs *views) applyDone(seq uint64) {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	vs.applied = seq
	vs.busy = false
	vs.turn.Broadcast()
}

// keep keeps what the step is going to change, for the views that are open.
func (j *Journal) keep(seq uint64, s apply.Step) error {
	if j.files.Moot(s) {
		return nil
	}
	vs := &j.views
	vs.mu.Lock()
	needed := vs.needed(s.Path)
	vs.mu.Unlock()
	if !needed {
		return nil
	}
	v, err := j.versionOf(s)
	if err != nil {
		return err
	}
	v.until = seq
	vs.mu.Lock()
	defer vs.mu.Unlock()
	if v.tree { // under the lock: a view finds it here or there
		if err := j.root.Rename(s.Path, path.Join(j.opts.Dir, "staging", v.node.kept)); err != nil {
			return err
		}
	}
	vs.add(s.Path, v)
	return nil
}

// needed reports whether an open view sees what is at p now: whether one began
// after the last version of it, by itself or as part of a tree, was kept.
func (vs *views) needed(p string) bool {
	if len(vs.open) == 0 {
		return false
	}
	newest := uint64(0)
	for v := range vs.open {
		newest = max(newest, v.at)
	}
	if all := vs.versions[p]; len(all) > 0 && all[len(all)-1].until > newest {
		return false
	}
	for dir := path.Dir(p); dir != "."; dir = path.Dir(dir) {
		if all := vs.versions[dir]; len(all) > 0 && all[len(all)-1].until > newest && all[len(all)-1].tree {
			return false
		}
	}
	return true
}

func (vs *views) add(p string, v version) {
	if vs.versions == nil {
		vs.versions = make(map[string][]version)
		vs.names = make(map[string]map[string]struct{})
	}
	vs.versions[p] = append(vs.versions[p], v)
	dir := path.Dir(p)
	if vs.names[dir] == nil {
		vs.names[dir] = make(map[string]struct{})
	}
	vs.names[dir][path.Base(p)] = struct{}{}
}

// versionOf gives what is at the step's path a name in staging.
func (j *Journal) versionOf(s apply.Step) (version, error) {
	fi, err := j.root.Lstat(s.Path)
	if fsx.IsNotExist(err) {
		return version{}, nil
	}
	if err != nil {
		return version{}, err
	}
	v := version{node: diskNode(fi)}
	switch {
	case fi.Mode()&fs.ModeSymlink != 0:
		v.node.link, err = j.root.Readlink(s.Path)
	case fi.Mode().IsRegular():
		v.node.kept, err = j.keepFile(s.Path)
	case fi.IsDir() && takesTree(s):
		v.node.kept, v.tree = j.files.NewName(), true
	}
	v.node.disk, v.node.sys, v.node.was = false, nil, true
	return v, err
}

// takesTree reports whether the step removes a directory with all it holds.
func takesTree(s apply.Step) bool {
	return s.Op == record.OpRemoveAll || s.Act == apply.ActClear && s.Before == apply.RemovedAll
}

// keepFile links the file into staging, or copies it where that is refused.
func (j *Journal) keepFile(p string) (string, error) {
	name := j.files.NewName()
	err := j.root.Link(p, path.Join(j.opts.Dir, "staging", name))
	if err != nil && fsx.LinkUnsupported(err) {
		err = j.files.CopyIn(p, name)
	}
	if errors.Is(err, fs.ErrNotExist) { // somebody else removed it just now
		return "", nil
	}
	return name, err
}

// find returns the version of p that the view sees. Without one, it sees the disk.
// A version of a directory above, kept whole, comes with the rest of the path.
func (v *view) find(p string) (found version, rest string, ok bool) {
	vs := &v.j.views
	vs.mu.Lock()
	defer vs.mu.Unlock()
	if ver, ok2 := v.first(vs.versions[p]); ok2 {
		found, ok = ver, true
	}
	for dir := path.Dir(p); dir != "."; dir = path.Dir(dir) {
		ver, ok2 := v.first(vs.versions[dir])
		if ok2 && ver.tree && (!ok || ver.until <= found.until) {
			found, rest, ok = ver, p[len(dir)+1:], true
		}
	}
	return found, rest, ok
}

// first returns the version that was there when the view began.
func (v *view) first(all []version) (version, bool) {
	for _, ver := range all {
		if ver.until > v.at {
			return ver, true
		}
	}
	return version{}, false
}

// lstat returns what the view sees at p.
func (v *view) lstat(p string) (node, error) {
	for {
		if found, rest, ok := v.find(p); ok {
			return v.inVersion(found, rest)
		}
		fi, err := v.j.root.Lstat(p)
		if _, _, ok := v.find(p); ok {
			continue // it was replaced in the meantime
		}
		if fsx.IsNotExist(err) {
			return node{}, nil
		}
		if err != nil {
			return node{}, err
		}
		return diskNode(fi), nil
	}
}

// inVersion returns what a version has at rest, or the version itself.
func (v *view) inVersion(ver version, rest string) (node, error) {
	if rest == "" {
		return ver.node, nil
	}
	kept := path.Join(ver.node.kept, rest)
	fi, err := v.j.files.Staging.Lstat(kept)
	if fsx.IsNotExist(err) {
		return node{}, nil
	}
	if err != nil {
		return node{}, err
	}
	n := diskNode(fi)
	n.kept, n.disk, n.sys, n.was = kept, false, nil, true
	if fi.Mode()&fs.ModeSymlink != 0 {
		n.link, err = v.j.files.Staging.Readlink(kept)
	}
	return n, err
}

// dirNames returns the names that the view may see in the directory p.
func (v *view) dirNames(t *tree, p string) ([]string, error) {
	names, err := t.diskNames(p)
	if err != nil {
		return nil, err
	}
	// After the disk: what was taken away while it was read is kept by now.
	n, err := v.lstat(p)
	if err != nil {
		return nil, err
	}
	if n.kept != "" {
		kept, err := v.j.files.Staging.Open(n.kept)
		if err != nil {
			return nil, err
		}
		defer kept.Close()
		more, err := kept.Readdirnames(-1)
		if err != nil {
			return nil, err
		}
		names = append(names, more...)
	}
	vs := &v.j.views
	vs.mu.Lock()
	defer vs.mu.Unlock()
	for name := range vs.names[p] {
		names = append(names, name)
	}
	return names, nil
}
