//go:build linux && (amd64 || arm64)

package crashfs

import (
	"encoding/hex"
	"fmt"
	"iter"
	"math/rand/v2"
)

// Explorer enumerates what a crash during a recorded run could leave.
type Explorer struct {
	Trace Trace
	// Limit bounds the states of one moment that are enumerated one by one, with
	// the same lost data; 0 means 4096, as many as 12 pending items make. Beyond
	// it, Samples of them are drawn.
	Limit int
	// Samples is how many states are drawn after each operation where there are
	// too many; 0 means 64.
	Samples int
	// From leaves out the crashes that come after fewer operations.
	From int
	// Seed makes the draw another one.
	Seed uint64
	// Weak lets a crash do half of a rename of a file: the new name without the
	// removal of the old one, or the removal without the new name.
	Weak bool
}

// State is what a crash could leave.
type State struct {
	Prefix int    // the crash comes after that many operations,
	Until  int    // or after any number up to this one: nothing became durable in between
	Mode   Mode   //
	Fill   Fill   // how lost data reads
	Choice []byte // what else is lost, in an order of its own
	Hash   uint64 // equal for equal states

	p *pending
}

// Image returns the state. It may be called until the next one is asked for.
func (s State) Image() Image { return s.p.image(s.Choice) }

func (s State) String() string {
	return fmt.Sprintf("%d.%s.%s.%s", s.Prefix, s.Mode, s.Fill, hex.EncodeToString(s.Choice))
}

// States returns every state that the explorer visits, many of them more than
// once: compare hashes.
//
// Between two operations that make something durable, what a power loss can leave
// only grows. So each such window is enumerated once, at the last moment at which
// that is possible, and drawn from after each later operation. A state is
// possible up to the end of its window, and has to satisfy what was promised by
// then.
func (e Explorer) States() iter.Seq[State] {
	return func(yield func(State) bool) {
		limit, samples := e.Limit, e.Samples
		if limit == 0 {
			limit = 4096
		}
		if samples == 0 {
			samples = 64
		}
		v := newVolume(e.Trace.Start, e.Weak)
		for i, pl := range e.plans(limit) {
			if i > 0 {
				v.apply(e.Trace.Ops[i-1])
			}
			if i < e.From {
				continue
			}
			d := drawer{limit: limit, samples: samples, rng: rand.New(rand.NewPCG(e.Seed, uint64(i))), yield: yield,
				state: State{Prefix: i, Until: i, Mode: Kill}}
			if !d.kill(v.pending(Kill, Zeroes)) {
				return
			}
			d.state.Mode, d.state.Until = PowerLoss, pl.until
			if !d.powerLoss(v, pl.todo) {
				return
			}
		}
	}
}

// plan says what to do with the power losses after a prefix of the trace.
type plan struct {
	todo  todo
	until int
}

type todo uint8

const (
	nothing todo = iota
	enumerate
	draw
)

func (e Explorer) plans(limit int) []plan {
	v := newVolume(e.Trace.Start, e.Weak)
	plans := make([]plan, len(e.Trace.Ops)+1)
	begin := 0 // of the window
	for i := range plans {
		if i > 0 {
			v.apply(e.Trace.Ops[i-1])
		}
		small := v.pending(PowerLoss, Zeroes).count(limit) <= limit
		switch {
		case small:
			plans[i].todo = enumerate
			if i > begin && plans[i-1].todo == enumerate {
				plans[i-1].todo = nothing
			}
		case i == begin || e.Trace.Ops[i-1].Kind != KindMark:
			plans[i].todo = draw
		}
		if i == len(e.Trace.Ops) || e.Trace.Ops[i].barrier() {
			for j := begin; j <= i; j++ {
				plans[j].until = i
			}
			begin = i + 1
		}
	}
	return plans
}

// barrier reports whether what a power loss can leave may shrink.
func (o Op) barrier() bool {
	return o.Kind == KindFsync || o.Kind == KindFsyncDir
}

// count returns the number of states, or something beyond limit.
func (p *pending) count(limit int) int {
	n := 1
	for range p.edits {
		if n *= 2; n > limit {
			return n
		}
	}
	for _, it := range p.items {
		if n *= it.arity; n > limit {
			return n
		}
	}
	return n
}

// drawer yields states of one moment.
type drawer struct {
	limit, samples int
	rng            *rand.Rand
	yield          func(State) bool
	state          State // of the next one, all but what is chosen
}

// kill yields what is left of a killed process: one state, unless an fsync failed.
func (d *drawer) kill(p *pending) bool {
	if p.count(d.limit) <= d.limit {
		return d.all(p)
	}
	return d.some(p, d.samples)
}

func (d *drawer) powerLoss(v *Volume, what todo) bool {
	for _, fill := range []Fill{Zeroes, Garbage, Stale} {
		p := v.pending(PowerLoss, fill)
		if what == nothing || fill != Zeroes && !p.losesFresh() {
			continue
		}
		d.state.Fill = fill
		if what == enumerate && p.count(d.limit) <= d.limit {
			if !d.all(p) {
				return false
			}
			continue
		}
		n := d.samples
		if fill != Zeroes {
			n = d.samples / 4
		}
		if !d.some(p, n) {
			return false
		}
	}
	return true
}

// losesFresh reports whether data may be lost where the disk never had any.
func (p *pending) losesFresh() bool {
	for _, it := range p.items {
		if it.part == partData && it.sectors[0]*SectorSize >= it.n.meta[0].value.size {
			return true
		}
	}
	return false
}

func (d *drawer) emit(p *pending, c choice) bool {
	s := d.state
	s.Choice, s.Hash, s.p = c, p.hash(c), p
	return d.yield(s)
}

// all yields every state: each possible set of edits, and with it each
// combination of the versions of what has a name then.
func (d *drawer) all(p *pending) bool {
	c := make(choice, len(p.edits)+len(p.items))
	for {
		if p.allowed(c) && !d.versions(p, c) {
			return false
		}
		if !next(c[:len(p.edits)], func(int) int { return 2 }) {
			return true
		}
	}
}

func (d *drawer) versions(p *pending, c choice) bool {
	named := p.named(c)
	arity := func(i int) int {
		if it := p.items[i]; named[it.n.ino] {
			return it.arity
		}
		return 1
	}
	for {
		if !d.emit(p, append(choice(nil), c...)) {
			return false
		}
		if !next(c[len(p.edits):], arity) {
			return true
		}
	}
}

// next counts c up, each digit to below its arity; at the end c is all zero again.
func next(c choice, arity func(int) int) bool {
	for i := range c {
		if c[i]++; int(c[i]) < arity(i) {
			return true
		}
		c[i] = 0
	}
	return false
}

// allowed reports whether each edit that is done finds done what it needs.
func (p *pending) allowed(c choice) bool {
	for i, needs := range p.needs {
		for _, n := range needs {
			if c[i] > c[n] {
				return false
			}
		}
	}
	return true
}

// named returns which inodes have a name after the chosen edits.
func (p *pending) named(c choice) map[Ino]bool {
	tree := p.tree(c)
	seen := map[Ino]bool{Root: true}
	for todo := []Ino{Root}; len(todo) > 0; todo = todo[1:] {
		for _, ino := range tree(todo[0]) {
			if seen[ino] = true; p.v.nodes[ino].entries != nil {
				todo = append(todo, ino)
			}
		}
	}
	return seen
}

// some yields n states: everything, nothing, all but one thing, one thing alone,
// and the rest at random.
func (d *drawer) some(p *pending, n int) bool {
	size := len(p.edits) + len(p.items)
	for i := range n {
		c := make(choice, size)
		switch {
		case i == 0:
		case i == 1:
			p.most(c)
		case i%4 == 2 && size > 0:
			at := d.rng.IntN(size)
			c[at] = p.top(at)
			p.complete(c)
		case i%4 == 3 && size > 0:
			p.most(c)
			c[d.rng.IntN(size)] = 0
			p.reduce(c)
		default:
			d.shake(p, c)
		}
		if !d.emit(p, c) {
			return false
		}
	}
	return true
}

// top is the last version of what c[i] chooses.
func (p *pending) top(i int) byte {
	if i < len(p.edits) {
		return 1
	}
	return byte(p.items[i-len(p.edits)].arity - 1)
}

func (p *pending) most(c choice) {
	for i := range c {
		c[i] = p.top(i)
	}
}

// complete does what the chosen edits need.
func (p *pending) complete(c choice) {
	for i := len(p.edits) - 1; i >= 0; i-- {
		for _, n := range p.needs[i] {
			c[n] = max(c[n], c[i])
		}
	}
}

// reduce leaves out the edits that need one that is not chosen.
func (p *pending) reduce(c choice) {
	for i, needs := range p.needs {
		for _, n := range needs {
			c[i] = min(c[i], c[n])
		}
	}
}

// shake chooses at random. Each state and each file in it has a leaning of its
// own, or everything would always be half there.
func (d *drawer) shake(p *pending, c choice) {
	often := []float64{0.1, 0.5, 0.9}
	lean := often[d.rng.IntN(3)]
	for i := range p.edits {
		if d.rng.Float64() < lean {
			c[i] = 1
		}
	}
	p.reduce(c)
	var node Ino
	leaning := []float64{0, 0.2, 0.5, 0.8, 1}
	for i, it := range p.items {
		if it.n.ino != node {
			node, lean = it.n.ino, leaning[d.rng.IntN(len(leaning))]
		}
		at := len(p.edits) + i
		switch {
		case d.rng.Float64() < lean:
			c[at] = p.top(at)
		case d.rng.IntN(4) == 0:
			c[at] = byte(d.rng.IntN(it.arity))
		}
	}
}

// Draw returns one state that a power loss at the end of the trace could leave.
func (e Explorer) Draw() State {
	v := newVolume(e.Trace.Start, e.Weak)
	for _, op := range e.Trace.Ops {
		v.apply(op)
	}
	d := drawer{rng: rand.New(rand.NewPCG(e.Seed, 1))}
	fill := Fill(d.rng.IntN(3))
	p := v.pending(PowerLoss, fill)
	c := make(choice, len(p.edits)+len(p.items))
	d.shake(p, c)
	n := len(e.Trace.Ops)
	return State{Prefix: n, Until: n, Mode: PowerLoss, Fill: fill, Choice: c, Hash: p.hash(c), p: p}
}
