package segment

import (
	"fmt"

	"github.com/forewrite/forewrite/journal/record"
)

// chain is the state of a log up to some point: what the next group must continue.
// The zero value is the state before the first segment.
type chain struct {
	segment     uint64 // number of the last segment
	groups      int
	first, last record.LSN
	prev        uint64 // hash of the last group
	checkpoint  record.LSN
	lastTx      record.TxID
	closed      bool

	ended bool // no group is accepted until a segment resumes the log
	newer bool // ended by a newer format, which no segment resumes
}

// flaw is the reason why bytes are not the next group of the log.
type flaw struct {
	kind flawKind
	err  error
}

type flawKind uint8

const (
	noFlaw     flawKind = iota
	badBytes            // no valid group, as in a torn tail
	badGroup            // a valid group with another LSN, hash or payload than it must have
	newerGroup          // a valid group of a newer format
)

// next returns the group whose entry begins at data[at:], if it continues the log.
func (c *chain) next(name Name, data []byte, at int) (Group, flaw) {
	group, size, err := entry(data[at:])
	if err != nil {
		return Group{}, flaw{badBytes, err}
	}
	if isNewer(group, name.Salt) {
		return Group{}, flaw{newerGroup, fmt.Errorf("%w: group of version %d, this is version %d", record.ErrVersion, group[3], record.Version)}
	}
	g := Group{Segment: name, Offset: int64(at), Size: int64(size)}
	if g.Header, g.Payload, err = record.OpenGroup(group, name.Salt); err != nil {
		return Group{}, flaw{badBytes, err}
	}
	if f := c.check(g.Header); f.kind != noFlaw {
		return Group{}, f
	}
	if g.Content, err = record.Parse(g.Payload); err != nil {
		return Group{}, flaw{badGroup, err}
	}
	for _, r := range g.Content.Marks {
		if r.Mark.CheckpointLSN >= g.Header.LSN {
			return Group{}, flaw{badGroup, fmt.Errorf("%w: group %d has checkpoint LSN %d, which must be lower", record.ErrFormat, g.Header.LSN, r.Mark.CheckpointLSN)}
		}
	}
	return g, flaw{}
}

// check compares the header of a valid group with the log so far. The first group
// may have any LSN, because the segments before it may have been retired. A group
// with an LSN that the log already has is left over from an earlier use of the
// blocks, and so can be part of a torn tail.
func (c *chain) check(h record.Header) flaw {
	switch first := c.groups == 0; {
	case h.LSN == 0, h.LSN <= c.last:
		return flaw{badBytes, fmt.Errorf("%w: %d after %d", ErrSequence, h.LSN, c.last)}
	case !first && h.LSN != c.last+1:
		return flaw{badGroup, fmt.Errorf("%w: %d after %d", ErrSequence, h.LSN, c.last)}
	case !first && h.Prev != c.prev, h.LSN == 1 && h.Prev != 0:
		return flaw{badGroup, fmt.Errorf("%w: group %d has %016x as hash of the group before, which is %016x", ErrChain, h.LSN, h.Prev, c.prev)}
	}
	return flaw{}
}

// add makes g the last group of the chain.
func (c *chain) add(g *Group) {
	if c.groups == 0 {
		c.first = g.Header.LSN
	}
	c.groups++
	c.last, c.prev = g.Header.LSN, g.Header.Hash
	c.closed = false
	for _, tx := range g.Content.Txs {
		c.lastTx = max(c.lastTx, tx.ID)
	}
	for _, r := range g.Content.Marks {
		c.checkpoint = max(c.checkpoint, r.Mark.CheckpointLSN)
		c.lastTx = max(c.lastTx, r.Mark.LastTx)
		c.closed = r.Kind == record.KindClose && r.Offset+r.Size == len(g.Payload)
	}
}

// enter moves the chain to the next segment. The error says that there are segments
// missing in between.
func (c *chain) enter(name Name) error {
	before := c.segment
	c.segment = name.Number
	if before == 0 || name.Number == before+1 {
		return nil
	}
	c.ended = true
	return fmt.Errorf("%w: %s comes after number %d", ErrMissing, name, before)
}

// resumedBy reports whether a log that ended badly goes on in this segment. It does
// if the first group there continues the chain, which proves that no group is
// missing: recovery writes such a segment after the bytes that it drops, and may
// crash before it retires them. If the groups before are retired already, a mark
// that covers all of them proves the same.
func (c *chain) resumedBy(name Name, data []byte) bool {
	if !c.ended || c.newer || len(data) == 0 {
		return false
	}
	g, f := c.next(name, data, 0)
	if f.kind != noFlaw {
		return false
	}
	return g.Header.LSN == c.last+1 && g.Header.Prev == c.prev || c.groups == 0 && coversAllBefore(&g)
}

// coversAllBefore reports whether a mark in the group says that all groups before
// it are checkpointed.
func coversAllBefore(g *Group) bool {
	for _, r := range g.Content.Marks {
		if r.Mark.CheckpointLSN == g.Header.LSN-1 {
			return true
		}
	}
	return false
}
