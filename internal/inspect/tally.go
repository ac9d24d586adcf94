package inspect

import (
	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
)

// tally counts transactions by state, group by group. Which of them are
// checkpointed is only known by the marks that come later, so it remembers the
// groups since the last mark, and no more.
type tally struct {
	checkpointed int
	dropped      int        // without a commit record, in groups that are checkpointed
	pending      []groupTxs // groups that no mark has covered yet
}

// groupTxs is how many transactions a group has.
type groupTxs struct {
	lsn       record.LSN
	committed int
	open      int // without a commit record
}

func (t *tally) add(g *segment.Group) {
	for _, m := range g.Content.Marks {
		t.cover(m.Mark.CheckpointLSN)
	}
	if len(g.Content.Txs) == 0 {
		return
	}
	n := groupTxs{lsn: g.Header.LSN}
	for i := range g.Content.Txs {
		if g.Content.Txs[i].Committed() {
			n.committed++
		} else {
			n.open++
		}
	}
	t.pending = append(t.pending, n)
}

func (t *tally) cover(checkpointed record.LSN) {
	for len(t.pending) > 0 && t.pending[0].lsn <= checkpointed {
		t.checkpointed += t.pending[0].committed
		t.dropped += t.pending[0].open
		t.pending = t.pending[1:]
	}
}

// open returns how many transactions are to be redone, and to be discarded.
func (t *tally) open() (redo, discard int) {
	for _, g := range t.pending {
		redo += g.committed
		discard += g.open
	}
	return redo, discard
}
