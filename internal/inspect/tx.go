package inspect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
	"github.com/rogpeppe/go-internal/diff"
)

// ErrNoTx: no such transaction in the log.
var ErrNoTx = errors.New("not in the log")

// The states of a transaction.
const (
	TxCheckpointed = "checkpointed"
	TxCommitted    = "committed, not checkpointed"
	TxDiscarded    = "never committed"
)

// Tx is one transaction, and what became of its updates.
type Tx struct {
	ID      record.TxID  `json:"tx"`
	State   string       `json:"state"`
	LSN     record.LSN   `json:"lsn"`
	Segment segment.Name `json:"segment"`
	Offset  int64        `json:"offset"` // of its group's entry
	Time    time.Time    `json:"time,omitzero"`
	Updates []Update     `json:"-"`
}

// Update is one intent and its target now.
type Update struct {
	Entry
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
	var paths []string
	for i := range tx.Updates {
		paths = append(paths, tx.Updates[i].Path)
	}
	tree, err := j.OpenTree()
	if err != nil {
		return nil, log, err
	}
	defer tree.Close()
	// First the files, then the log: what the owner puts into a file meanwhile was
	// in the log before.
	for i := range tx.Updates {
		tx.Updates[i].look(tree)
	}
	history, _, err := j.ReadHistory(ctx, paths...)
	if err != nil {
		return nil, log, err
	}
	for i := range tx.Updates {
		u := &tx.Updates[i]
		if u.Now != nil {
			u.Target = history.Match(u.Now, &u.version)
		}
		if tx.State == TxCommitted && !log.Owner.Present && (u.Target.State == Missing || u.Target.State == Earlier) {
			u.Target.Detail = list(u.Target.Detail, "to be redone by the next open")
		}
		if withDiff {
			u.Diff = u.diff(j, tree)
		}
	}
	return tx, log, nil
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
		return nil, log, fmt.Errorf("tx %d: %w: it holds no transaction", id, ErrNoTx)
	case tx == nil:
		return nil, log, fmt.Errorf("tx %d: %w: it holds those from %d to %d", id, ErrNoTx, first, last)
	case tx.State == TxCommitted && tx.LSN <= log.CheckpointLSN:
		tx.State = TxCheckpointed
	}
	return tx, log, nil
}

// newTx describes the group's transaction with this index.
func newTx(g *segment.Group, index int) (*Tx, error) {
	t, before := &g.Content.Txs[index], 0
	for _, other := range g.Content.Txs[:index] {
		before += len(other.Intents)
	}
	tx := &Tx{ID: t.ID, State: TxDiscarded, LSN: g.Header.LSN, Segment: g.Segment, Offset: g.Offset}
	if t.Committed() {
		tx.State, tx.Time = TxCommitted, t.Commit.Time
	}
	entries, err := View{}.Entries(g)
	if err != nil {
		return nil, err
	}
	entries = slices.DeleteFunc(entries, func(e Entry) bool { return e.Kind != "intent" })
	for i, intent := range t.Intents {
		u := Update{Entry: entries[before+i], version: Version{g.Header.LSN, intent}, inline: bytes.Clone(intent.Payload.Data)}
		u.version.Payload.Data = nil // it aliases the log's buffer
		tx.Updates = append(tx.Updates, u)
	}
	return tx, nil
}

func (u *Update) look(tree *Tree) {
	found, err := tree.Look(u.Path)
	if err == nil && (found.Kind == kindFile || found.Kind == kindLink) {
		err = found.read()
	}
	if err != nil {
		u.Target = Verdict{State: Unreadable, Detail: err.Error()}
		return
	}
	u.Now = found
}

// diffLimit is the largest content, in bytes, that is compared line by line.
const diffLimit = 1 << 20

func (u *Update) diff(j *Journal, tree *Tree) string {
	if u.version.Op != record.OpPut || u.Now == nil || u.Now.Kind != kindFile || u.Target.State == AsWritten {
		return ""
	}
	written, err := j.Content(&u.version, u.inline, diffLimit)
	if err != nil {
		return fmt.Sprintf("no diff: %v\n", err)
	}
	now, err := tree.read(u.Path, diffLimit)
	if err != nil {
		return fmt.Sprintf("no diff: %v\n", err)
	}
	if !isText(written) || !isText(now) {
		return "no diff: not text\n"
	}
	text := diff.Diff(fmt.Sprintf("%s as tx %d wrote it", quote(u.Path), u.Tx), written, quote(u.Path)+" now", now)
	_, text, _ = bytes.Cut(text, []byte("\n")) // a header of its own
	return string(text)
}

func isText(b []byte) bool { return utf8.Valid(b) && bytes.IndexByte(b, 0) < 0 }

// Health is Foreign when a target matches nothing known. What is missing and not
// checkpointed the next open puts there.
func (tx *Tx) Health() Health {
	for i := range tx.Updates {
		switch s := tx.Updates[i].Target.State; {
		case tx.State == TxDiscarded:
		case s == Other, s == Unreadable, s == Missing && tx.State == TxCheckpointed:
			return Foreign
		}
	}
	return Healthy
}
