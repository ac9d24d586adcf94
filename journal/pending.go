package journal

import (
	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/journal/record"
)

// pending is what sequenced transactions want and has not been applied yet.
// Later transactions read it in place of the files, so that they need not wait
// for the log.
//
// It is changed under the writer lock, and by whoever applies.
type pending struct {
	mu  shortLock
	set apply.Set
	seq map[string]uint64 // by path: the transaction that changed it last

	placed placed // what was applied

	// shape counts changes to what exists and of which kind, and recent says
	// which paths they were, so that a transaction prepared without the writer
	// lock can tell whether what it found still holds.
	shape  uint64
	recent []string // the last len(recent) of them
}

// recentShapes is how far a prepared transaction may lag behind before it is
// prepared again.
const recentShapes = 4096

func (p *pending) lookup(path string) (c *apply.Change, gone bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.set.Lookup(path)
}

func (p *pending) shapeNow() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.shape
}

// add publishes the changes of transaction seq.
func (p *pending) add(seq uint64, changes []*apply.Change) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.seq == nil {
		p.seq = make(map[string]uint64)
	}
	for _, c := range changes {
		p.addChange(seq, c)
	}
	if extra := len(p.recent) - recentShapes; extra > recentShapes {
		p.recent = append([]string(nil), p.recent[extra:]...)
	}
}

func (p *pending) addChange(seq uint64, c *apply.Change) {
	p.set.Merge(c)
	p.seq[c.Path] = seq
	if c.Op != record.OpPut || c.Replaced.Kind == record.ReplacedNothing {
		p.shape++
		p.recent = append(p.recent, c.Path)
	}
}

// applied forgets the changes of transaction seq: the files have them now.
func (p *pending) applied(seq uint64, changes []*apply.Change) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range changes {
		p.placed.add(c)
		if p.seq[c.Path] == seq {
			p.set.Delete(c.Path)
			delete(p.seq, c.Path)
		}
	}
}

// reset forgets everything: what was pending will not be done.
func (p *pending) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.set, p.seq = apply.Set{}, nil
	p.shape += 2 * recentShapes // whatever was prepared against it is prepared again
	p.recent = nil
}

// disturbed reports whether what was found at paths when shape was current may
// have changed since: one of them, or a directory above one, was made, removed
// or turned into something else.
func (p *pending) disturbed(shape uint64, paths []string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := p.shape - shape
	if n > uint64(len(p.recent)) {
		return true
	}
	for _, changed := range p.recent[uint64(len(p.recent))-n:] {
		for _, path := range paths {
			if path == changed || apply.Beneath(path, changed) {
				return true
			}
		}
	}
	return false
}
