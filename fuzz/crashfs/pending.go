//go:build linux && (amd64 || arm64)

package crashfs

import (
	"encoding/binary"
	"maps"
	"slices"
)

// Mode is the kind of crash.
type Mode uint8

// A killed process leaves what programs see, a power loss what the disk has.
const (
	Kill Mode = iota
	PowerLoss
)

func (m Mode) String() string { return [...]string{"kill", "power"}[m] }

// Fill says how lost data reads where the disk never had any.
type Fill uint8

// The ways in which lost data reads.
const (
	Zeroes  Fill = iota
	Garbage      // the same noise every time
	Stale        // what another file had at the same offset, or else garbage
)

func (f Fill) String() string { return [...]string{"zeroes", "garbage", "stale"}[f] }

// item is one thing of which a crash leaves one of several versions.
type item struct {
	n       *node
	part    part
	sectors []int64 // data: these share their fate
	arity   int
}

type part uint8

const (
	partMeta part = iota
	partAttr
	partData
)

// pending is everything that a crash right now leaves open: which edits of
// directories are done, and which version of each item is there.
type pending struct {
	v     *Volume
	mode  Mode
	fill  Fill
	edits []*edit
	needs [][]int // for each edit, the edits that it needs
	items []item
	of    map[Ino][]int // the items of a node
}

// choice picks one state: for each edit 0 or 1, for each item its version.
type choice []byte

func (v *Volume) pending(mode Mode, fill Fill) *pending {
	p := &pending{v: v, mode: mode, fill: fill, of: map[Ino][]int{}}
	if mode == PowerLoss {
		p.edits = v.edits
	}
	for _, e := range p.edits {
		var needs []int
		for _, n := range e.needs {
			if at := slices.Index(p.edits, n); at >= 0 {
				needs = append(needs, at)
			}
		}
		p.needs = append(p.needs, needs)
	}
	for _, ino := range p.reachable() {
		p.add(v.nodes[ino])
	}
	return p
}

// reachable returns every inode that some state has a name for, in order.
func (p *pending) reachable() []Ino {
	seen := map[Ino]bool{Root: true}
	for todo := []Ino{Root}; len(todo) > 0; {
		dir := todo[0]
		todo = todo[1:]
		visit := func(ino Ino) {
			if ino != 0 && !seen[ino] {
				seen[ino] = true
				todo = append(todo, ino)
			}
		}
		for _, ino := range p.entries(dir) {
			visit(ino)
		}
		for _, e := range p.edits {
			for _, c := range e.changes {
				if c.dir == dir {
					visit(c.ino)
				}
			}
		}
	}
	return sortedKeys(seen)
}

// entries returns what is in a directory before any edit.
func (p *pending) entries(dir Ino) map[string]Ino {
	if p.mode == Kill {
		return p.v.nodes[dir].entries
	}
	return p.v.nodes[dir].durable
}

func (p *pending) add(n *node) {
	put := func(it item) {
		p.of[n.ino] = append(p.of[n.ino], len(p.items))
		p.items = append(p.items, it)
	}
	if p.mode == PowerLoss && len(n.attr) > 1 {
		put(item{n: n, part: partAttr, arity: len(n.attr)})
	}
	if p.mode == PowerLoss && len(n.meta) > 1 {
		put(item{n: n, part: partMeta, arity: len(n.meta)})
	}
	run := -1 // item of zeroes that ends at the sector before
	for _, i := range sortedKeys(n.data) {
		h := *n.data[i]
		if len(h) == 1 || p.mode == Kill && !h.doubtful() {
			continue
		}
		switch {
		case !zero(h):
			put(item{n: n, part: partData, sectors: []int64{i}, arity: len(h)})
			run = -1
		case p.fill == Zeroes || i*SectorSize < n.meta[0].value.size:
			// Whatever happens to these zeroes, they read as zeroes.
		case run >= 0 && p.items[run].arity == len(h) && p.items[run].end() == i:
			p.items[run].sectors = append(p.items[run].sectors, i)
		default:
			run = len(p.items)
			put(item{n: n, part: partData, sectors: []int64{i}, arity: len(h)})
		}
	}
}

func (it *item) end() int64 { return it.sectors[len(it.sectors)-1] + 1 }

func zero(h history[*sector]) bool {
	return !slices.ContainsFunc(h, func(v version[*sector]) bool { return v.value != nil })
}

// tree returns the directories after the chosen edits.
func (p *pending) tree(c choice) func(dir Ino) map[string]Ino {
	changed := map[Ino]map[string]Ino{}
	for i, e := range p.edits {
		if c[i] == 0 {
			continue
		}
		for _, ch := range e.changes {
			if changed[ch.dir] == nil {
				changed[ch.dir] = maps.Clone(p.entries(ch.dir))
			}
			set(changed[ch.dir], ch)
		}
	}
	return func(dir Ino) map[string]Ino {
		if m, ok := changed[dir]; ok {
			return m
		}
		return p.entries(dir)
	}
}

// image builds a chosen state.
func (p *pending) image(c choice) Image {
	tree := p.tree(c)
	im := Image{{Path: ".", Ino: Root, CTime: p.ctime(p.v.nodes[Root], c), Content: p.content(p.v.nodes[Root], c)}}
	for at := 0; at < len(im); at++ {
		if !im[at].Content.Attr.isDir() {
			continue
		}
		dir := tree(im[at].Ino)
		prefix := im[at].Path + "/"
		if at == 0 {
			prefix = ""
		}
		for _, name := range sortedKeys(dir) {
			ino := dir[name]
			n := p.v.nodes[ino]
			im = append(im, Entry{Path: prefix + name, Ino: ino, CTime: p.ctime(n, c), Content: p.content(n, c)})
		}
	}
	return im
}

// ctime returns when a node changed for the last time, as far as the change is
// there: it goes with any part of what was done to a file.
func (p *pending) ctime(n *node, c choice) int64 {
	if p.mode == Kill {
		return n.ctime
	}
	t := n.settled
	for _, i := range p.of[n.ino] {
		if c[len(p.edits)+i] > 0 {
			t = max(t, n.dated)
		}
	}
	for i, e := range p.edits {
		if c[i] > 0 && slices.Contains(e.nodes, n.ino) {
			t = max(t, e.time)
		}
	}
	return t
}

// hash returns the hash that image would have, without building it.
func (p *pending) hash(c choice) uint64 {
	tree := p.tree(c)
	places := map[Ino]uint64{}
	sum := uint64(0)
	var walk func(dir Ino, place uint64)
	walk = func(dir Ino, place uint64) {
		sum += mix(place, p.content(p.v.nodes[dir], c).hash)
		for name, ino := range tree(dir) {
			at := mix(place, hashString(name))
			if p.v.nodes[ino].entries != nil {
				walk(ino, at)
			} else {
				places[ino] += at // hard links are one file
			}
		}
	}
	walk(Root, 0)
	for ino, at := range places {
		sum += mix(at, p.content(p.v.nodes[ino], c).hash)
	}
	return sum
}

// content returns what a node holds in a chosen state.
func (p *pending) content(n *node, c choice) *Content {
	key := make([]byte, 1, 16)
	key[0] = byte(p.mode)<<4 | byte(p.fill)
	for _, i := range p.of[n.ino] {
		key = append(key, c[len(p.edits)+i])
	}
	if made := n.variants[string(key)]; made != nil {
		return made
	}
	made := p.build(n, c)
	if p.fill != Stale || len(p.of[n.ino]) == 0 { // stale bytes change under us
		if n.variants == nil {
			n.variants = map[string]*Content{}
		}
		n.variants[string(key)] = made
	}
	return made
}

func (p *pending) build(n *node, c choice) *Content {
	attr, m := n.attr[len(n.attr)-1], n.meta[len(n.meta)-1]
	sectors := make(map[int64]*sector, len(n.data))
	from := map[int64]int{} // the operation that made a chosen sector
	for i, h := range n.data {
		sectors[i] = h.last()
		from[i] = (*h)[len(*h)-1].op
	}
	for _, i := range p.of[n.ino] {
		it, pick := p.items[i], c[len(p.edits)+i]
		switch it.part {
		case partAttr:
			attr = n.attr[pick]
		case partMeta:
			m = n.meta[pick]
		case partData:
			for _, s := range it.sectors {
				chosen := (*n.data[s])[pick]
				sectors[s], from[s] = chosen.value, chosen.op
				if pick == 0 && s*SectorSize >= n.meta[0].value.size {
					sectors[s] = p.filler(n.ino, s)
				}
			}
		}
	}
	out := &Content{Attr: attr.value, Size: m.value.size, MTime: m.value.mtime, Target: n.target, sectors: sectors}
	n.cutOff(out, m.op, from)
	for i, s := range sectors {
		if s == nil {
			delete(sectors, i)
		}
	}
	out.sum()
	return out
}

// cutOff does what the truncations up to the chosen size did to older data: a
// file that was cut and grew again shows zeroes there.
func (n *node) cutOff(c *Content, upTo int, from map[int64]int) {
	for _, cut := range append(slices.Clone(n.cuts), cut{op: n.last() + 1, size: c.Size}) {
		if cut.op > upTo && cut.op <= n.last() {
			continue
		}
		for i, s := range c.sectors {
			if s == nil || from[i] >= cut.op || (i+1)*SectorSize <= cut.size {
				continue
			}
			data := s.data
			clear(data[max(0, cut.size-i*SectorSize):])
			c.sectors[i] = newSector(&data)
		}
	}
}

// last returns the latest operation that anything of the file is from.
func (n *node) last() int {
	op := n.meta[len(n.meta)-1].op
	for _, h := range n.data {
		op = max(op, (*h)[len(*h)-1].op)
	}
	return op
}

// filler is what a lost sector holds where the disk never had any of this file.
func (p *pending) filler(ino Ino, i int64) *sector {
	if p.fill == Zeroes {
		return nil
	}
	for _, s := range p.v.stale[i] {
		if p.fill == Stale && s.s != nil && s.ino != ino {
			return s.s
		}
	}
	var data [SectorSize]byte
	x := mix(uint64(ino), uint64(i))
	for at := 0; at < SectorSize; at += 8 {
		x = mix(x, uint64(at))
		binary.LittleEndian.PutUint64(data[at:], x)
	}
	return newSector(&data)
}
