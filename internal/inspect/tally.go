package inspect

import (
	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
)

// tally counts transactions by state, group by group. Which of them are
// checkpointed is only known from the marks that come later, so it remembers the
// groups since the last mark, and no more.
type tally struct {
	checkpointed   int
	discarded      int        // without a commit record, in groups that are checkpointed
	uncheckpointed []groupTxs // groups after the last checkpoint LSN
}

// groupTxs is how many transactions a group has.
type groupTxs struct {
	lsn         record.LSN
	committed   int
	uncommitted int
}

func (t *tally) add(g *segment.Group) {
	for _, m := range g.Content.Marks {
		t.checkpoint(m.Mark.CheckpointLSN)
	}
	if len(g.Content.Txs) == 0 {
		return
	}
	n := groupTxs{lsn: g.Header.LSN}
	for i := range g.Content.Txs {
		if g.Content.Txs[i].Committed() {
			n.committed++
		} else {
			n.uncommitted++
		}
	}
	t.uncheckpointed = append(t.uncheckpointed, n)
}

func (t *tally) checkpoint(lsn record.LSN) {
	for len(t.uncheckpointed) > 0 && t.uncheckpointed[0].lsn <= lsn {
		t.checkpointed += t.uncheckpointed[0].committed
		t.discarded += t.uncheckpointed[0].uncommitted
		t.uncheckpointed = t.uncheckpointed[1:]
	}
}

// next returns how many transactions the next open redoes and discards.
func (t *tally) next() (redo, discard int) {
	for _, g := range t.uncheckpointed {
		redo += g.committed
		discard += g.uncommitted
	}
	return redo, discard
}

// states returns how many transactions of the log are in each state.
func (t *tally) states() (checkpointed, committed, uncommitted int) {
	redo, discard := t.next()
	return t.checkpointed, redo, t.discarded + discard
}
