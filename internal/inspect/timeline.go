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
	GroupHead
	Entries []Entry
	Txs     []TimelineTx
}

// TimelineTx is a transaction as it is drawn.
type TimelineTx struct {
	ID      record.TxID `json:"tx"`
	State   string      `json:"state"`
	Bytes   int64       `json:"bytes"` // of content
	Updates []*Entry    `json:"-"`
}

// maxLanes is how many paths get a lane of their own.
const maxLanes = 24

// Timeline reads the log and keeps the newest groups, limit of them at most.
func (j *Journal) Timeline(ctx context.Context, limit int, v View) (*Timeline, error) {
	t := &Timeline{}
	log, err := j.Scan(ctx, func(g *segment.Group) error {
		entries, err := v.Entries(g)
		if err != nil {
			return err
		}
		t.Groups = append(t.Groups, TimelineGroup{GroupHead: headOf(g), Entries: entries})
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
		t.Groups[i].group(log.CheckpointLSN)
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

// group gathers the transactions.
func (g *TimelineGroup) group(checkpointed record.LSN) {
	for i := range g.Entries {
		e := &g.Entries[i]
		if e.Kind != "intent" {
			continue
		}
		if n := len(g.Txs); n == 0 || g.Txs[n-1].ID != e.Tx {
			g.Txs = append(g.Txs, TimelineTx{ID: e.Tx, State: stateOf(e, checkpointed)})
		}
		tx := &g.Txs[len(g.Txs)-1]
		tx.Updates = append(tx.Updates, e)
		if e.Payload != nil {
			tx.Bytes += e.Payload.Size
		}
	}
}

func stateOf(e *Entry, checkpointed record.LSN) string {
	switch {
	case !*e.Committed:
		return TxDiscarded
	case e.LSN <= checkpointed:
		return TxCheckpointed
	}
	return TxCommitted
}

// assignLanes chooses the paths that are changed most often.
func (t *Timeline) assignLanes() {
	uses := make(map[string]int)
	for i := range t.Groups {
		for _, e := range t.Groups[i].Entries {
			if e.Kind == "intent" {
				uses[e.Path]++
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

// Lane returns the number of a path's lane; the one after the last is for all
// other paths.
func (t *Timeline) Lane(path string) int {
	if i, ok := slices.BinarySearch(t.Lanes, path); ok {
		return i
	}
	return len(t.Lanes)
}
