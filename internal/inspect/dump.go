package inspect

import (
	"context"
	"errors"
	"slices"

	"github.com/forewrite/forewrite/internal/inspect/wording"
	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
)

// GroupHead is a group without its records.
type GroupHead struct {
	LSN     record.LSN   `json:"lsn"`
	Segment segment.Name `json:"segment"`
	Offset  int64        `json:"offset"` // of its entry within the segment's file
	Size    int64        `json:"size"`   // of its entry, in bytes
	Hash    string       `json:"hash"`
	Prev    string       `json:"prev"` // hash of the group before
}

func headOf(g *segment.Group) GroupHead {
	return GroupHead{LSN: g.Header.LSN, Segment: g.Segment, Offset: g.Offset, Size: g.Size,
		Hash: wording.Hash(g.Header.Hash), Prev: wording.Hash(g.Header.Prev)}
}

// Group is a group with its records, or with those that were selected.
type Group struct {
	GroupHead
	Records []Record
}

// Dump says which records are shown, and how much of them.
type Dump struct {
	Filter
	Bytes
	Limit   int  // at most this many records; 0 for all
	Reverse bool // newest first
}

// errEnough ends a scan that has shown what was asked for.
var errEnough = errors.New("enough")

// Run calls show for each group that has selected records. The Log is nil when the
// scan ended before the end of the log.
func (d *Dump) Run(ctx context.Context, j *Journal, show func(Group) error) (*Log, error) {
	run := d.forward
	if d.Reverse {
		run = d.reverse
	}
	log, err := run(ctx, j, show)
	if errors.Is(err, errEnough) {
		return nil, nil
	}
	return log, err
}

func (d *Dump) forward(ctx context.Context, j *Journal, show func(Group) error) (*Log, error) {
	return j.Scan(ctx, d.visitor(show))
}

// visitor returns a visit that shows the selected records until the limit is reached.
func (d *Dump) visitor(show func(Group) error) func(*segment.Group) error {
	left := d.Limit
	return func(g *segment.Group) error {
		s, err := d.selected(g)
		if err != nil || len(s.Records) == 0 {
			return err
		}
		if err := show(d.limit(s, &left)); err != nil {
			return err
		}
		if d.Limit > 0 && left == 0 {
			return errEnough
		}
		return nil
	}
}

// reverse shows the newest selected records first. It holds up to the limit of them,
// as the end of the log is only known after the scan.
func (d *Dump) reverse(ctx context.Context, j *Journal, show func(Group) error) (*Log, error) {
	var groups []Group
	n := 0
	log, scanErr := j.Scan(ctx, func(g *segment.Group) error {
		s, err := d.selected(g)
		if err != nil || len(s.Records) == 0 {
			return err
		}
		slices.Reverse(s.Records)
		groups = append(groups, s)
		n += len(s.Records)
		for d.Limit > 0 && n-len(groups[0].Records) >= d.Limit {
			n -= len(groups[0].Records)
			groups = groups[1:]
		}
		return nil
	})
	left := d.Limit
	for _, g := range slices.Backward(groups) {
		if err := show(d.limit(g, &left)); err != nil {
			return nil, err
		}
	}
	return log, scanErr
}

// limit returns g with at most as many records as are left, and counts them off.
func (d *Dump) limit(g Group, left *int) Group {
	if d.Limit > 0 {
		g.Records = g.Records[:min(*left, len(g.Records))]
		*left -= len(g.Records)
	}
	return g
}

// selected returns the group with its selected records. It fails with errEnough when no
// later group can have any.
func (d *Dump) selected(g *segment.Group) (Group, error) {
	s := Group{GroupHead: headOf(g)}
	if d.Past(s.LSN) {
		return s, errEnough
	}
	if s.LSN < d.From {
		return s, nil
	}
	records, err := d.Bytes.Records(g)
	s.Records = slices.DeleteFunc(records, func(r Record) bool { return !d.Match(&r) })
	return s, err
}
