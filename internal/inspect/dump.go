package inspect

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"strings"

	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
)

// Dump says which records are shown, and how.
type Dump struct {
	Filter
	View
	Limit   int  // at most this many records; 0 for all
	Reverse bool // newest first
}

// errEnough stops a scan that has shown what was asked for.
var errEnough = errors.New("enough")

// Run calls show for the records of the log that are chosen, those of a group
// together. The Log is nil when the scan stopped before the end of the log.
func (d *Dump) Run(ctx context.Context, j *Journal, show func(GroupHead, []Entry) error) (*Log, error) {
	if d.Reverse {
		return d.reverse(ctx, j, show)
	}
	log, err := j.Scan(ctx, d.visitor(show))
	if errors.Is(err, errEnough) {
		return nil, nil
	}
	return log, err
}

// visitor shows what is chosen of each group, until the limit is reached.
func (d *Dump) visitor(show func(GroupHead, []Entry) error) func(*segment.Group) error {
	left := d.Limit
	return func(g *segment.Group) error {
		if d.Past(g.Header.LSN) {
			return errEnough
		}
		entries, err := d.choose(g)
		if err != nil || len(entries) == 0 {
			return err
		}
		if d.Limit > 0 {
			entries = entries[:min(left, len(entries))]
			left -= len(entries)
		}
		if err := show(headOf(g), entries); err != nil {
			return err
		}
		if d.Limit > 0 && left == 0 {
			return errEnough
		}
		return nil
	}
}

// reverse keeps what is chosen, the newest up to the limit, until the end is known.
func (d *Dump) reverse(ctx context.Context, j *Journal, show func(GroupHead, []Entry) error) (*Log, error) {
	type part struct {
		head    GroupHead
		entries []Entry
	}
	var kept []part
	n := 0
	log, scanErr := j.Scan(ctx, func(g *segment.Group) error {
		if d.Past(g.Header.LSN) {
			return errEnough
		}
		entries, err := d.choose(g)
		if err != nil || len(entries) == 0 {
			return err
		}
		slices.Reverse(entries)
		kept = append(kept, part{headOf(g), entries})
		n += len(entries)
		for d.Limit > 0 && n-len(kept[0].entries) >= d.Limit {
			n -= len(kept[0].entries)
			kept = kept[1:]
		}
		return nil
	})
	if errors.Is(scanErr, errEnough) {
		scanErr = nil
	}
	left := d.Limit
	for _, p := range slices.Backward(kept) {
		if d.Limit > 0 {
			p.entries = p.entries[:min(left, len(p.entries))]
			left -= len(p.entries)
		}
		if err := show(p.head, p.entries); err != nil {
			return nil, err
		}
	}
	return log, scanErr
}

func (d *Dump) choose(g *segment.Group) ([]Entry, error) {
	if g.Header.LSN < d.From {
		return nil, nil
	}
	entries, err := d.Entries(g)
	return slices.DeleteFunc(entries, func(e Entry) bool { return !d.Match(&e) }), err
}

// GroupHead is a group without its records.
type GroupHead struct {
	LSN     record.LSN   `json:"lsn"`
	Segment segment.Name `json:"segment"`
	Offset  int64        `json:"offset"` // of its entry within the segment's file
	Size    int64        `json:"size"`   // of its entry, in bytes
	Hash    string       `json:"hash"`
	Prev    string       `json:"prev"`
}

func headOf(g *segment.Group) GroupHead {
	return GroupHead{LSN: g.Header.LSN, Segment: g.Segment, Offset: g.Offset, Size: g.Size,
		Hash: hash(g.Header.Hash), Prev: hash(g.Header.Prev)}
}

// DumpText writes groups and records as text.
type DumpText struct {
	Printer *Printer
	table   Table
}

// Group writes a group.
func (t *DumpText) Group(head GroupHead, entries []Entry) {
	t.table.Indent = "  "
	p := t.Printer
	p.Text(Bold, "group "+utoa(head.LSN))
	p.Line("  segment %s at %s  %s  hash %s", head.Segment, at(head.Offset), size(head.Size), head.Hash)
	for i := range entries {
		t.table.Row(entries[i].cells()...)
		if e := &entries[i]; e.Hex != "" || e.Payload != nil && e.Payload.Content != nil {
			t.table.Print(p)
			t.content(e)
		}
	}
	t.table.Print(p)
}

func (t *DumpText) content(e *Entry) {
	if e.Payload != nil && e.Payload.Content != nil {
		t.Printer.Styled(Dim, "      content %s", *e.Payload.Content)
	}
	data, err := hex.DecodeString(e.Hex)
	if err != nil || len(data) == 0 {
		return
	}
	for line := range strings.Lines(hex.Dump(data)) {
		t.Printer.Styled(Dim, "      %s", strings.TrimSuffix(line, "\n"))
	}
}

// cells are the columns: where, who, what, to which path, and the particulars.
func (e *Entry) cells() []Cell {
	where := Cell{Text: at(e.Offset), Style: Dim, Right: true}
	switch e.Kind {
	case "intent":
		what := styled(Cyan, e.Op)
		if !*e.Committed {
			what.Style = Yellow
		}
		return []Cell{where, cell("tx %d", e.Tx), what, cell("%s", quote(e.Path)), cell("%s", e.details())}
	case "commit":
		return []Cell{where, cell("tx %d", e.Tx), styled(Green, "commit"), cell("%s", count(e.Updates, "update")), cell("%s", when(e.Time))}
	}
	return []Cell{where, cell("mark"), styled(Bold, e.Kind), cell("checkpoint LSN %d, tx %d", *e.CheckpointLSN, *e.LastTx), cell("%s", list(when(e.Time), e.session()))}
}

func (e *Entry) session() string {
	if e.Session == nil {
		return ""
	}
	s := e.Session
	return "by pid " + utoa(s.PID) + " on " + quote(s.Host) + ", version " + quote(s.Version) + ", boot " + quote(s.Boot)
}

// details says what an intent puts and what it replaces.
func (e *Entry) details() string {
	var parts []string
	if e.Payload != nil {
		parts = append(parts, e.Payload.String())
	}
	if e.Mode != "" {
		parts = append(parts, "mode "+e.Mode)
	}
	if r := e.Replaced; r != nil {
		switch r.Kind {
		case "file":
			parts = append(parts, "replaces "+size(r.Size)+" of "+when(r.MTime))
		case "version":
			parts = append(parts, "replaces "+size(r.Size)+" with hash "+r.Hash)
		default:
			parts = append(parts, "replaces "+r.Kind)
		}
	}
	if !*e.Committed {
		parts = append(parts, "never committed")
	}
	return strings.Join(parts, ", ")
}

// String describes a payload in a few words.
func (p *Payload) String() string {
	s := size(p.Size) + " " + p.Kind
	if p.Name != "" {
		s += " as " + quote(p.Name)
	}
	switch {
	case p.Hash != "":
		s += ", hash " + p.Hash
	case !p.MTime.IsZero():
		s += ", from " + when(p.MTime)
	}
	return s
}
