//go:build linux && (amd64 || arm64)

package crashfs

import (
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// FS is a mounted volume that records what is done to it.
type FS struct {
	dir    string
	server *fuse.Server

	mu      sync.Mutex
	vol     *Volume
	trace   Trace
	nextIno Ino
	faults  faults
	skew    time.Duration // of the clock
}

// Mark puts a note of the test's own into the trace.
func (f *FS) Mark(name string, n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.record(Op{Kind: KindMark, Name: name, Size: int64(n)})
}

// Settle makes everything durable, and begins a new trace.
func (f *FS) Settle() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.vol.settle()
	f.trace = Trace{Start: f.vol.pending(PowerLoss, Zeroes).image(nil)}
}

// Trace returns what was recorded so far.
func (f *FS) Trace() Trace {
	f.mu.Lock()
	defer f.mu.Unlock()
	return Trace{Start: f.trace.Start, Ops: slices.Clone(f.trace.Ops)}
}

// Reboot is Load after a power loss that left image. It takes a minute: later
// changes have later times.
func (f *FS) Reboot(image Image) {
	f.Load(Trace{Start: image})
	f.mu.Lock()
	defer f.mu.Unlock()
	f.skew += time.Minute
}

// Load makes the file system look as it did at the end of t, with the same
// things durable, and goes on recording from there. No file may be open.
func (f *FS) Load(t Trace) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.trace = f.renumber(t)
	f.faults = faults{}
	f.vol = newVolume(f.trace.Start, false)
	for _, op := range f.trace.Ops {
		f.vol.apply(op)
	}
}

// renumber gives every inode but the root a number that the kernel has not seen,
// or it would take the new files for the old ones.
func (f *FS) renumber(t Trace) Trace {
	numbers := map[Ino]Ino{0: 0, Root: Root}
	to := func(i Ino) Ino {
		if _, ok := numbers[i]; !ok {
			numbers[i] = f.newIno()
		}
		return numbers[i]
	}
	out := Trace{Start: slices.Clone(t.Start), Ops: slices.Clone(t.Ops)}
	for i := range out.Start {
		out.Start[i].Ino = to(out.Start[i].Ino)
	}
	for i := range out.Ops {
		op := &out.Ops[i]
		op.Node, op.Dir, op.Dir2 = to(op.Node), to(op.Dir), to(op.Dir2)
	}
	return out
}

// record does an operation and remembers it. It takes the time itself, so that
// times in a trace never go backwards.
func (f *FS) record(op Op) {
	if op.Kind != KindTimes || op.Time == 0 {
		op.Time = time.Now().Add(f.skew).UnixNano()
	}
	f.vol.apply(op)
	f.trace.Ops = append(f.trace.Ops, op)
}

// do is record for an operation of the program under test: it may be made to fail.
func (f *FS) do(op Op) fuse.Status {
	if err := f.faults.hit(op.Kind); err != 0 {
		op.Err = err
		f.record(op)
		return fuse.Status(err)
	}
	f.record(op)
	return fuse.OK
}

// look is for what changes nothing.
func (f *FS) look(k Kind) fuse.Status { return fuse.Status(f.faults.hit(k)) }

func (f *FS) newIno() Ino {
	f.nextIno++
	return f.nextIno
}

func (f *FS) node(id uint64) *node { return f.vol.nodes[Ino(id)] }

// child finds an entry of a directory; a nil node is none.
func (f *FS) child(dir uint64, name string) (*node, fuse.Status) {
	d := f.node(dir)
	switch {
	case d == nil:
		return nil, fuse.Status(syscall.ESTALE)
	case d.entries == nil:
		return nil, fuse.ENOTDIR
	case len(name) > 255:
		return nil, fuse.Status(syscall.ENAMETOOLONG)
	}
	return f.vol.nodes[d.entries[name]], fuse.OK
}

// vacant is for operations that make an entry.
func (f *FS) vacant(dir uint64, name string) fuse.Status {
	n, st := f.child(dir, name)
	switch {
	case !st.Ok():
		return st
	case n != nil:
		return fuse.Status(syscall.EEXIST)
	case f.node(dir).links == 0:
		return fuse.ENOENT
	}
	return fuse.OK
}

func (f *FS) attr(n *node, out *fuse.Attr) {
	a, m := n.attr.last(), n.meta.last()
	out.Ino = uint64(n.ino)
	out.Size = uint64(m.size)
	out.Blocks = uint64(m.size+SectorSize-1) / SectorSize
	out.Blksize = 4096
	out.Mode = a.Mode
	out.Nlink = n.links
	out.Owner = fuse.Owner{Uid: a.UID, Gid: a.GID}
	mtime, ctime := time.Unix(0, m.mtime), time.Unix(0, n.ctime)
	out.SetTimes(&mtime, &mtime, &ctime)
}

// entry answers a lookup. Nothing may be cached: every timeout stays zero.
func (f *FS) entry(n *node, out *fuse.EntryOut) {
	out.NodeId = uint64(n.ino)
	out.Generation = 1
	f.attr(n, &out.Attr)
}
