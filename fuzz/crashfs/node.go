//go:build linux && (amd64 || arm64)

package crashfs

import (
	"maps"

	"github.com/cespare/xxhash/v2"
)

// SectorSize is what a disk writes whole, in bytes.
const SectorSize = 512

// sector is the content of one sector. It never changes, and is never all zero:
// a nil *sector is.
type sector struct {
	data [SectorSize]byte
	hash uint64
}

func newSector(data *[SectorSize]byte) *sector {
	if *data == [SectorSize]byte{} {
		return nil
	}
	return &sector{data: *data, hash: xxhash.Sum64(data[:])}
}

// meta is what the file system keeps beside the data whenever that changes.
type meta struct {
	size  int64
	mtime int64
}

// cut is a truncation that is not durable yet.
type cut struct {
	op   int
	size int64
}

// node is a file, a directory or a symbolic link, as programs see it and as the
// disk may have it.
type node struct {
	ino    Ino
	target string // symbolic link
	links  uint32

	ctime   int64 // that programs see
	settled int64 // of what is durable
	dated   int64 // of what was done to the file by itself

	attr history[Attr]
	meta history[meta]
	data map[int64]*history[*sector] // by sector number; what is missing is zero
	cuts []cut

	entries map[string]Ino // directory: what programs see
	durable map[string]Ino // directory: what the disk has
	parent  Ino            // directory
	listing []string       // directory: as it was when somebody began to read it

	variants map[string]*Content // what a crash may leave, already worked out; see Volume.content
}

func newNode(ino Ino, attr Attr, now int64) *node {
	n := &node{ino: ino, ctime: now, settled: now, links: 1, attr: newHistory(attr), meta: newHistory(meta{mtime: now})}
	if attr.isDir() {
		n.links = 2
		n.entries, n.durable = map[string]Ino{}, map[string]Ino{}
	} else {
		n.data = map[int64]*history[*sector]{}
	}
	return n
}

func (n *node) size() int64 { return n.meta.last().size }

func (n *node) sector(i int64) *sector {
	if h := n.data[i]; h != nil {
		return h.last()
	}
	return nil
}

func (n *node) setSector(i int64, s *sector, op int) {
	h := n.data[i]
	if h == nil {
		fresh := newHistory[*sector](nil)
		h = &fresh
		n.data[i] = h
	}
	h.add(s, op)
}

// read fills b from offset at on, and returns how much of it lies in the file.
func (n *node) read(b []byte, at int64) int {
	if at >= n.size() {
		return 0
	}
	b = b[:min(int64(len(b)), n.size()-at)]
	for done := 0; done < len(b); {
		i, skip := (at+int64(done))/SectorSize, (at+int64(done))%SectorSize
		part := b[done:min(len(b), done+int(SectorSize-skip))]
		if s := n.sector(i); s != nil {
			copy(part, s.data[skip:])
		} else {
			clear(part)
		}
		done += len(part)
	}
	return len(b)
}

func (n *node) write(b []byte, at int64, op int, now int64) {
	end := at + int64(len(b))
	for off := at; off < end; {
		i, skip := off/SectorSize, off%SectorSize
		var data [SectorSize]byte
		if old := n.sector(i); old != nil {
			data = old.data
		}
		off += int64(copy(data[skip:], b[off-at:]))
		n.setSector(i, newSector(&data), op)
	}
	n.setMeta(meta{size: max(n.size(), end), mtime: now}, op)
}

func (n *node) truncate(size int64, op int, now int64) {
	if size < n.size() {
		n.cuts = append(n.cuts, cut{op: op, size: size})
		n.zeroFrom(size, op)
	}
	n.setMeta(meta{size: size, mtime: now}, op)
}

// zeroFrom makes everything after size read as zeroes.
func (n *node) zeroFrom(size int64, op int) {
	for i, h := range n.data {
		old := h.last()
		if old == nil || (i+1)*SectorSize <= size {
			continue
		}
		data := old.data
		clear(data[max(0, size-i*SectorSize):])
		n.setSector(i, newSector(&data), op)
	}
}

// setMeta notes a new size. An overwrite moves the time alone, which nobody
// could miss: it is not worth twice the number of states.
func (n *node) setMeta(m meta, op int) {
	if last := &n.meta[len(n.meta)-1]; last.value.size == m.size {
		last.value.mtime = m.mtime
		return
	}
	n.meta.add(m, op)
}

func (n *node) setXAttr(name string, value []byte, op int) {
	attr := n.attr.last()
	attr.XAttrs = maps.Clone(attr.XAttrs)
	if value == nil {
		delete(attr.XAttrs, name)
	} else {
		if attr.XAttrs == nil {
			attr.XAttrs = map[string]string{}
		}
		attr.XAttrs[name] = string(value)
	}
	n.attr.add(attr, op)
}

// sync is what a successful fsync of a file does.
func (n *node) sync() {
	n.settled = max(n.settled, n.dated)
	n.attr.sync()
	n.meta.sync()
	if len(n.meta) == 1 {
		n.cuts = nil
	}
	for i, h := range n.data {
		h.sync()
		if len(*h) == 1 && h.last() == nil {
			delete(n.data, i)
		}
	}
}

func (n *node) fail() {
	n.attr.fail()
	n.meta.fail()
	for _, h := range n.data {
		h.fail()
	}
}

// believe ends all doubt.
func (n *node) believe() {
	n.attr.believe()
	n.meta.believe()
	for _, h := range n.data {
		h.believe()
	}
}
