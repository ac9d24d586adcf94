//go:build linux && (amd64 || arm64)

package crashfs

import (
	"os"
	"slices"
	"syscall"
)

// Volume is a file system in memory: what programs see, and what of it the disk
// has for sure.
type Volume struct {
	nodes map[Ino]*node
	edits []*edit // of directories, not durable yet, in order
	ops   int     // applied so far
	weak  bool

	// stale is what other files once had at each sector, the latest two of
	// different files: the garbage that is hardest to tell from data.
	stale map[int64][2]staleSector
}

type staleSector struct {
	ino Ino
	s   *sector
}

// edit is a change of directories that a crash leaves done or undone as a whole.
type edit struct {
	changes []change
	needs   []*edit // done as well whenever this one is
	time    int64   // and so the ctime of
	nodes   []Ino   // these
	dir     bool    // it moves a directory
}

// change is a new target of a directory entry, 0 for none.
type change struct {
	dir  Ino
	name string
	ino  Ino
}

func newVolume(start Image, weak bool) *Volume {
	v := &Volume{nodes: map[Ino]*node{}, weak: weak, stale: map[int64][2]staleSector{}}
	start.load(v)
	if v.nodes[Root] == nil {
		v.nodes[Root] = newNode(Root, rootAttr(), 0)
	}
	return v
}

// apply does what op says. An operation that failed changes nothing, except that
// a failed fsync leaves in doubt what it was to make durable.
func (v *Volume) apply(op Op) {
	at := v.ops
	v.ops++
	if op.Err != 0 {
		v.failed(op)
		return
	}
	switch op.Kind {
	case KindCreate, KindMkdir, KindSymlink:
		v.create(op)
	case KindLink:
		v.nodes[op.Node].links++
		v.edit(op, change{op.Dir, op.Name, op.Node})
	case KindRename, KindExchange:
		v.rename(op)
	case KindUnlink, KindRmdir:
		v.unlink(v.nodes[op.Dir].entries[op.Name])
		v.edit(op, change{op.Dir, op.Name, 0})
	case KindFsync:
		v.nodes[op.Node].sync()
	case KindFsyncDir:
		v.syncDir(op.Node)
	default:
		v.alter(op, at)
	}
	if n := v.nodes[op.Node]; n != nil {
		n.touch(op)
	}
}

// alter does an operation on a file by itself.
func (v *Volume) alter(op Op, at int) {
	n := v.nodes[op.Node]
	switch op.Kind {
	case KindWrite:
		n.write(op.Data, op.Offset, at, op.Time)
		v.remember(n, op.Offset, int64(len(op.Data)))
	case KindTruncate:
		n.truncate(op.Size, at, op.Time)
	case KindAttr:
		attr := op.Attr
		attr.XAttrs = n.attr.last().XAttrs
		n.attr.add(attr, at)
	case KindTimes:
		n.meta.add(meta{size: n.size(), mtime: op.Time}, at)
	case KindXAttr:
		n.setXAttr(op.Name, op.Data, at)
	}
}

// touch notes the time of a change, and forgets what was worked out before it.
func (n *node) touch(op Op) {
	n.variants = nil
	if op.Kind != KindFsync && op.Kind != KindFsyncDir && op.Kind != KindTimes {
		n.ctime = op.Time
	}
	switch op.Kind {
	case KindWrite, KindTruncate, KindAttr, KindXAttr:
		n.dated = op.Time
	}
}

func (v *Volume) failed(op Op) {
	if op.Kind == KindFsync {
		v.nodes[op.Node].fail()
		v.nodes[op.Node].variants = nil
	}
}

func (v *Volume) create(op Op) {
	n := newNode(op.Node, op.Attr, op.Time)
	if op.Kind == KindSymlink {
		n.target = string(op.Data)
		n.meta = newHistory(meta{size: int64(len(op.Data)), mtime: op.Time})
	}
	if n.entries != nil {
		n.parent = op.Dir
		v.nodes[op.Dir].links++
	}
	v.nodes[op.Node] = n
	v.edit(op, change{op.Dir, op.Name, op.Node})
}

func (v *Volume) rename(op Op) {
	from, to := v.nodes[op.Dir], v.nodes[op.Dir2]
	moved, old := from.entries[op.Name], to.entries[op.Dest]
	back := Ino(0)
	if op.Kind == KindExchange {
		back = old
	} else {
		v.unlink(old)
	}
	v.reparent(moved, op.Dir, op.Dir2)
	v.reparent(back, op.Dir2, op.Dir)
	v.nodes[moved].touch(op)
	v.edit(op, change{op.Dir, op.Name, back}, change{op.Dir2, op.Dest, moved})
}

func (v *Volume) reparent(ino, from, to Ino) {
	if n := v.nodes[ino]; n != nil && n.entries != nil {
		n.parent = to
		v.nodes[from].links--
		v.nodes[to].links++
	}
}

// unlink takes one name away from what ino is.
func (v *Volume) unlink(ino Ino) {
	n := v.nodes[ino]
	switch {
	case n == nil:
	case n.entries != nil:
		n.links = 0
		v.nodes[n.parent].links--
	default:
		n.links--
	}
}

// edit changes directories for programs, and notes that the disk may not have it.
func (v *Volume) edit(op Op, changes ...change) {
	e := &edit{changes: changes, time: op.Time}
	for _, c := range changes {
		e.nodes = append(e.nodes, c.dir, c.ino, v.nodes[c.dir].entries[c.name])
	}
	if op.Kind == KindRename || op.Kind == KindExchange {
		moved := v.nodes[v.nodes[op.Dir].entries[op.Name]]
		e.dir = moved.entries != nil
		if v.weak && !e.dir && op.Kind == KindRename {
			v.edit(Op{Kind: KindUnlink, Time: op.Time}, changes[0])
			v.edit(Op{Kind: KindLink, Time: op.Time}, changes[1])
			return
		}
		e.needs = v.before(e)
	}
	for _, c := range changes {
		dir := v.nodes[c.dir]
		if c.ino == 0 {
			delete(dir.entries, c.name)
		} else {
			dir.entries[c.name] = c.ino
		}
		dir.meta[0].value.mtime = op.Time
		dir.touch(op)
	}
	v.edits = append(v.edits, e)
}

// before returns what must be on the disk when the rename e is: what put there
// the files that it moves, so that a file keeps to the order of its names; and
// for a directory all earlier moves of directories, so that none gets into itself.
func (v *Volume) before(e *edit) []*edit {
	var needs []*edit
	for i, c := range e.changes {
		if e.changes[len(e.changes)-1-i].ino == 0 {
			continue // nothing moves away from here
		}
		for _, earlier := range slices.Backward(v.edits) {
			if earlier.sets(c.dir, c.name) {
				needs = append(needs, earlier)
				break
			}
		}
	}
	for _, earlier := range v.edits {
		if e.dir && earlier.dir {
			needs = append(needs, earlier)
		}
	}
	return needs
}

func (e *edit) sets(dir Ino, name string) bool {
	return slices.ContainsFunc(e.changes, func(c change) bool { return c.dir == dir && c.name == name })
}

func (e *edit) touches(dir Ino) bool {
	return slices.ContainsFunc(e.changes, func(c change) bool { return c.dir == dir })
}

// syncDir makes the entries of a directory durable.
func (v *Volume) syncDir(dir Ino) {
	v.nodes[dir].attr.sync()
	for _, e := range slices.Clone(v.edits) {
		if e.touches(dir) {
			v.persist(e)
		}
	}
}

// persist makes one edit durable, after what it needs.
func (v *Volume) persist(e *edit) {
	at := slices.Index(v.edits, e)
	if at < 0 {
		return
	}
	for _, n := range e.needs {
		v.persist(n)
	}
	at = slices.Index(v.edits, e)
	for _, ino := range e.nodes {
		if n := v.nodes[ino]; n != nil {
			n.settled = max(n.settled, e.time)
		}
	}
	for _, c := range e.changes {
		set(v.nodes[c.dir].durable, c)
		for _, earlier := range v.edits[:at] { // what they said of this entry is over
			earlier.changes = slices.DeleteFunc(earlier.changes, func(o change) bool { return o.dir == c.dir && o.name == c.name })
		}
	}
	v.edits = slices.Delete(v.edits, at, at+1)
	v.edits = slices.DeleteFunc(v.edits, func(e *edit) bool { return len(e.changes) == 0 })
}

func set(entries map[string]Ino, c change) {
	if c.ino == 0 {
		delete(entries, c.name)
	} else {
		entries[c.name] = c.ino
	}
}

// settle makes everything durable, even what an fsync failed for.
func (v *Volume) settle() {
	for len(v.edits) > 0 {
		v.persist(v.edits[0])
	}
	for _, n := range v.nodes {
		n.believe()
		n.sync()
		n.variants = nil
	}
}

// remember keeps what a file has in a range, as garbage for other files.
func (v *Volume) remember(n *node, at, size int64) {
	for i := at / SectorSize; i*SectorSize < at+size; i++ {
		s := n.sector(i)
		if s == nil {
			continue
		}
		last := v.stale[i]
		if last[0].ino != n.ino {
			last[1] = last[0]
		}
		last[0] = staleSector{n.ino, s}
		v.stale[i] = last
	}
}

// rootAttr makes the root belong to the user that the program runs as, as its other
// files do.
func rootAttr() Attr {
	return Attr{Mode: syscall.S_IFDIR | 0o755, UID: uint32(os.Getuid()), GID: uint32(os.Getgid())}
}
