package inspect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/forewrite/forewrite/internal/inspect/wording"
	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
)

// ErrNoTx is returned when the log does not hold a transaction.
var ErrNoTx = errors.New("not in the log")

// The states of a transaction.
const (
	TxCheckpointed = "checkpointed"
	TxCommitted    = "committed, not checkpointed"
	TxUncommitted  = "never committed"
)

// TxHead is a transaction without its updates.
type TxHead struct {
	ID      record.TxID  `json:"tx"`
	State   string       `json:"state"`
	LSN     record.LSN   `json:"lsn"`
	Segment segment.Name `json:"segment"`
	Offset  int64        `json:"offset"`        // of its group's entry within the segment's file
	Time    time.Time    `json:"time,omitzero"` // of the commit
	Updates int          `json:"updates"`
	Bytes   int64        `json:"bytes"` // of content that it put
	Paths   []string     `json:"paths"` // of its updates, in their order
}

// newTxHead returns a transaction of the group, to which add adds its updates.
func newTxHead(id record.TxID, g GroupHead) TxHead {
	return TxHead{ID: id, State: TxUncommitted, LSN: g.LSN, Segment: g.Segment, Offset: g.Offset}
}

// add adds an intent of the transaction.
func (tx *TxHead) add(r *Record) {
	tx.Updates++
	tx.Paths = append(tx.Paths, r.Path)
	if r.Payload != nil {
		tx.Bytes += r.Payload.Size
	}
	if !r.Uncommitted() {
		tx.State, tx.Time = TxCommitted, r.Time
	}
}

// checkpoint makes the state that of a log with this checkpoint LSN.
func (tx *TxHead) checkpoint(lsn record.LSN) {
	if tx.State == TxCommitted && tx.LSN <= lsn {
		tx.State = TxCheckpointed
	}
}

// Tx is one transaction, and what became of its updates.
type Tx struct {
	TxHead
	Updates []Update
}

// Update is one intent and what is at its path now.
type Update struct {
	Record
	Now    *Found  `json:"now,omitempty"`
	Target Verdict `json:"target"`
	Diff   string  `json:"diff,omitempty"` // from what was written to what is there

	version Version
	inline  []byte
}

// FindTx finds a transaction and compares its updates with the files.
func (j *Journal) FindTx(ctx context.Context, id record.TxID, withDiff bool) (*Tx, *Log, error) {
	tx, log, err := j.readTx(ctx, id)
	if err != nil {
		return nil, log, err
	}
	tree, err := j.OpenTree()
	if err != nil {
		return nil, log, err
	}
	defer tree.Close()
	// First the files, then the log: what the owner writes to a file meanwhile was in
	// the log before.
	for i := range tx.Updates {
		tx.Updates[i].look(ctx, tree)
	}
	history, _, err := j.ReadHistory(ctx, tx.Paths...)
	if err != nil {
		return nil, log, err
	}
	for i := range tx.Updates {
		u := &tx.Updates[i]
		if u.Now != nil {
			u.Target = history.Match(ctx, u.Now, &u.version)
		}
		if tx.State == TxCommitted && !log.Owner.Present && (u.Target.State == Missing || u.Target.State == Earlier) {
			u.Target.Detail = wording.List(u.Target.Detail, "to be redone by the next open")
		}
		if withDiff {
			u.Diff = u.diff(ctx, j, tree)
		}
	}
	return tx, log, ctx.Err()
}

// readTx reads a transaction from the log. Should an id occur twice, the last one
// counts.
func (j *Journal) readTx(ctx context.Context, id record.TxID) (*Tx, *Log, error) {
	var tx *Tx
	first, last := record.TxID(math.MaxUint64), record.TxID(0)
	log, err := j.Scan(ctx, func(g *segment.Group) error {
		for i := range g.Content.Txs {
			t := &g.Content.Txs[i]
			first, last = min(first, t.ID), max(last, t.ID)
			if t.ID != id {
				continue
			}
			found, err := newTx(g, i)
			if err != nil {
				return err
			}
			tx = found
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, log, err
	case tx == nil && last == 0:
		return nil, log, fmt.Errorf("tx %d: %w: it holds no transactions", id, ErrNoTx)
	case tx == nil:
		return nil, log, fmt.Errorf("tx %d: %w: it holds those from %d to %d", id, ErrNoTx, first, last)
	}
	tx.checkpoint(log.CheckpointLSN)
	return tx, log, nil
}

// newTx describes the group's transaction with this index.
func newTx(g *segment.Group, index int) (*Tx, error) {
	t, before := &g.Content.Txs[index], 0
	for _, other := range g.Content.Txs[:index] {
		before += len(other.Intents)
	}
	records, err := Bytes{}.Records(g)
	if err != nil {
		return nil, err
	}
	records = slices.DeleteFunc(records, func(r Record) bool { return r.Kind != "intent" })
	tx := &Tx{TxHead: newTxHead(t.ID, headOf(g))}
	for i, intent := range t.Intents {
		u := Update{Record: records[before+i], version: Version{intent, g.Header.LSN}, inline: bytes.Clone(intent.Payload.Data)}
		u.version.Payload.Data = nil // it aliases the log's buffer
		tx.add(&u.Record)
		tx.Updates = append(tx.Updates, u)
	}
	return tx, nil
}

func (u *Update) look(ctx context.Context, tree *Tree) {
	found, err := tree.lookAndRead(ctx, u.Path)
	if err != nil {
		u.Target = Verdict{State: Unreadable, Detail: err.Error()}
		return
	}
	u.Now = found
}

// Health returns Foreign when a file matches no version that the log knows. A missing
// file of a transaction that is not checkpointed is put there by the next open.
func (tx *Tx) Health() Health {
	if tx.State == TxUncommitted {
		return Healthy
	}
	for i := range tx.Updates {
		switch s := tx.Updates[i].Target.State; {
		case s == Other, s == Unreadable, s == Missing && tx.State == TxCheckpointed:
			return Foreign
		}
	}
	return Healthy
}
