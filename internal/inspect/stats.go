package inspect

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
)

// Stats describes how the journal is used. It covers the segments that were not
// retired yet.
type Stats struct {
	Segments     int            `json:"segments"`
	FileBytes    int64          `json:"file_bytes"`  // of the segments' files
	GroupBytes   int64          `json:"group_bytes"` // of the groups in them
	Groups       int            `json:"groups"`
	Transactions int            `json:"transactions"` // committed ones
	Updates      int            `json:"updates"`
	Ops          map[string]int `json:"ops"`
	Inline       Content        `json:"inline"`
	Staged       Content        `json:"staged"`
	Linked       Content        `json:"linked"`
	Sessions     int            `json:"sessions"` // open records

	FirstCommit time.Time `json:"first_commit,omitzero"`
	LastCommit  time.Time `json:"last_commit,omitzero"`
	GroupSize   Spread    `json:"group_size"`   // bytes
	PerGroup    Spread    `json:"tx_per_group"` // transactions
	PerTx       Spread    `json:"updates_per_tx"`
	Distinct    int       `json:"paths"` // how many were changed
	Paths       []PathUse `json:"-"`     // those that were changed most often first

	paths map[string]*PathUse
}

// Content is how much content is stored in one way.
type Content struct {
	Count int   `json:"count"`
	Bytes int64 `json:"bytes"`
}

// PathUse is how often a path was changed.
type PathUse struct {
	Path    string      `json:"path"`
	Updates int         `json:"updates"`
	Bytes   int64       `json:"bytes"` // of content put there
	LastTx  record.TxID `json:"last_tx"`
}

// Stats reads the whole log. It needs memory for each distinct path.
func (j *Journal) Stats(ctx context.Context, top int) (*Stats, *Log, error) {
	s := &Stats{Ops: make(map[string]int), paths: make(map[string]*PathUse)}
	log, err := j.Scan(ctx, func(g *segment.Group) error {
		s.group(g)
		return nil
	})
	if log != nil {
		s.Segments = len(log.Files)
		for _, e := range log.Files {
			s.FileBytes += e.Size
		}
	}
	s.finish(top)
	return s, log, err
}

func (s *Stats) group(g *segment.Group) {
	s.Groups++
	s.GroupBytes += g.Size
	s.GroupSize.add(g.Size)
	for _, m := range g.Content.Marks {
		if m.Kind == record.KindOpen {
			s.Sessions++
		}
	}
	committed := int64(0)
	for i := range g.Content.Txs {
		if tx := &g.Content.Txs[i]; tx.Committed() {
			committed++
			s.tx(tx)
		}
	}
	if committed > 0 {
		s.PerGroup.add(committed)
	}
}

func (s *Stats) tx(tx *record.Tx) {
	s.Transactions++
	s.PerTx.add(int64(len(tx.Intents)))
	if t := tx.Commit.Time; s.FirstCommit.IsZero() || t.Before(s.FirstCommit) {
		s.FirstCommit = t
	}
	if t := tx.Commit.Time; t.After(s.LastCommit) {
		s.LastCommit = t
	}
	for i := range tx.Intents {
		s.intent(&tx.Intents[i])
	}
}

func (s *Stats) intent(i *record.Intent) {
	s.Updates++
	s.Ops[i.Op.String()]++
	if c := s.contentOf(i.Payload.Kind); c != nil {
		c.Count++
		c.Bytes += i.Payload.Size
	}
	use := s.paths[i.Path]
	if use == nil {
		use = &PathUse{Path: i.Path}
		s.paths[i.Path] = use
	}
	use.Updates++
	use.Bytes += i.Payload.Size
	use.LastTx = i.Tx
}

func (s *Stats) contentOf(kind record.PayloadKind) *Content {
	switch kind {
	case record.PayloadInline:
		return &s.Inline
	case record.PayloadStaged:
		return &s.Staged
	case record.PayloadLinked:
		return &s.Linked
	}
	return nil
}

func (s *Stats) finish(top int) {
	for _, spread := range []*Spread{&s.GroupSize, &s.PerGroup, &s.PerTx} {
		spread.finish()
	}
	s.Distinct = len(s.paths)
	for _, use := range s.paths {
		s.Paths = append(s.Paths, *use)
	}
	slices.SortFunc(s.Paths, func(a, b PathUse) int {
		return cmp.Or(cmp.Compare(b.Updates, a.Updates), cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Path, b.Path))
	})
	s.Paths = s.Paths[:min(top, len(s.Paths))]
}
