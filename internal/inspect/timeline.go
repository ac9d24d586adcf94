package inspect

import (
	"cmp"
	"context"
	"slices"

	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
)

// Timeline is the newest part of a log, and all that is needed to draw it.
type Timeline struct {
	Status  *Status
	Groups  []TimelineGroup
	Omitted int      // older groups
	Lanes   []string // the paths that are changed most often, in order
}

// TimelineGroup is a group with its records and transactions.
type TimelineGroup struct {
	Group
	Txs []TimelineTx
}

// TimelineTx is a transaction with its intents.
type TimelineTx struct {
	TxHead
	Intents []*Record
}

// maxLanes is how many paths get a lane of their own.
const maxLanes = 24

// Timeline reads the log and returns the newest groups, limit of them at most.
func (j *Journal) Timeline(ctx context.Context, limit int, b Bytes) (*Timeline, error) {
	t := &Timeline{}
	log, err := j.Scan(ctx, func(g *segment.Group) error {
		records, err := b.Records(g)
		if err != nil {
			return err
		}
		t.Groups = append(t.Groups, TimelineGroup{Group: Group{headOf(g), records}})
		if len(t.Groups) >= 2*limit {
			t.drop(limit)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	t.drop(limit)
	for i := range t.Groups {
		t.Groups[i].gather(log.CheckpointLSN)
	}
	t.assignLanes()
	t.Status, err = j.Status(ctx)
	return t, err
}

// drop forgets all groups but the newest.
func (t *Timeline) drop(limit int) {
	if n := len(t.Groups) - limit; n > 0 {
		t.Groups = slices.Delete(t.Groups, 0, n)
		t.Omitted += n
	}
}

// gather makes transactions of the intents.
func (g *TimelineGroup) gather(checkpointLSN record.LSN) {
	for i := range g.Records {
		r := &g.Records[i]
		if r.Kind != "intent" {
			continue
		}
		if n := len(g.Txs); n == 0 || g.Txs[n-1].ID != r.Tx {
			g.Txs = append(g.Txs, TimelineTx{TxHead: newTxHead(r.Tx, g.GroupHead)})
		}
		tx := &g.Txs[len(g.Txs)-1]
		tx.add(r)
		tx.checkpoint(checkpointLSN)
		tx.Intents = append(tx.Intents, r)
	}
}

// assignLanes selects the paths that are changed most often.
func (t *Timeline) assignLanes() {
	uses := make(map[string]int)
	for i := range t.Groups {
		for _, tx := range t.Groups[i].Txs {
			for _, path := range tx.Paths {
				uses[path]++
			}
		}
	}
	for p := range uses {
		t.Lanes = append(t.Lanes, p)
	}
	slices.SortFunc(t.Lanes, func(a, b string) int { return cmp.Or(cmp.Compare(uses[b], uses[a]), cmp.Compare(a, b)) })
	t.Lanes = t.Lanes[:min(maxLanes, len(t.Lanes))]
	slices.Sort(t.Lanes)
}

// Lane returns the index of a path's lane. The one after the last is for all other
// paths.
func (t *Timeline) Lane(path string) int {
	if i, ok := slices.BinarySearch(t.Lanes, path); ok {
		return i
	}
	return len(t.Lanes)
}

// HasOthers reports whether there are paths without a lane of their own.
func (t *Timeline) HasOthers() bool {
	for i := range t.Groups {
		for _, tx := range t.Groups[i].Txs {
			for _, path := range tx.Paths {
				if t.Lane(path) == len(t.Lanes) {
					return true
				}
			}
		}
	}
	return false
}
