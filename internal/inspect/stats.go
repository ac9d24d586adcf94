package inspect

import (
	"cmp"
	"context"
	"maps"
	"math"
	"math/bits"
	"slices"
	"time"

	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
)

// Stats is what the log says about how the journal is used. It covers the segments
// that are still there.
type Stats struct {
	Segments     int            `json:"segments"`
	FileBytes    int64          `json:"file_bytes"`  // of the segments' files
	GroupBytes   int64          `json:"group_bytes"` // of the groups in them
	Groups       int            `json:"groups"`
	Transactions int            `json:"transactions"`
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
	Paths       []PathUse `json:"-"` // the hottest first
	Distinct    int       `json:"paths"`

	paths map[string]*PathUse
}

// Content is how much content lies where.
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

// Spread is the distribution of a number, to within a factor of two for the
// quantiles.
type Spread struct {
	Min  int64   `json:"min"`
	Mean float64 `json:"mean"`
	P50  int64   `json:"p50"`
	P99  int64   `json:"p99"`
	Max  int64   `json:"max"`

	n, sum int64
	slots  [64]int64 // by the number of bits
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
	for use := range maps.Values(s.paths) {
		s.Paths = append(s.Paths, *use)
	}
	slices.SortFunc(s.Paths, func(a, b PathUse) int {
		return cmp.Or(cmp.Compare(b.Updates, a.Updates), cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Path, b.Path))
	})
	s.Paths = s.Paths[:min(top, len(s.Paths))]
}

func (s *Spread) add(v int64) {
	if s.n == 0 || v < s.Min {
		s.Min = v
	}
	s.Max = max(s.Max, v)
	s.n++
	s.sum += v
	s.slots[bits.Len64(uint64(v))]++
}

func (s *Spread) finish() {
	if s.n == 0 {
		return
	}
	s.Mean = math.Round(100*float64(s.sum)/float64(s.n)) / 100
	s.P50, s.P99 = s.quantile(0.50), s.quantile(0.99)
}

// quantile returns the upper end of the slot in which the quantile lies.
func (s *Spread) quantile(q float64) int64 {
	rank := int64(math.Ceil(q * float64(s.n)))
	for i, n := range s.slots {
		if rank -= n; rank <= 0 {
			return min(s.Max, int64(1)<<i-1)
		}
	}
	return s.Max
}
