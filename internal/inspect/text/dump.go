package text

import (
	"encoding/hex"
	"strings"

	"github.com/forewrite/forewrite/internal/inspect"
	"github.com/forewrite/forewrite/internal/inspect/wording"
)

// Dump writes groups and their records. Its columns stay aligned across groups.
type Dump struct {
	p     *Printer
	table table
}

// NewDump returns a Dump to p.
func NewDump(p *Printer) *Dump { return &Dump{p, table{indent: "  "}} }

// Group writes a group.
func (d *Dump) Group(g *inspect.Group) {
	d.p.Text(Bold, "group "+wording.Number(g.LSN))
	d.p.Line("  segment %s at %s  %s  hash %s", g.Segment, wording.Offset(g.Offset), wording.Size(g.Size), g.Hash)
	for i := range g.Records {
		r := &g.Records[i]
		d.record(r)
		if r.Hex != "" || r.Payload != nil && r.Payload.Content != nil {
			d.table.print(d.p)
			d.bytes(r)
		}
	}
	d.table.print(d.p)
}

func (d *Dump) record(r *inspect.Record) {
	line := r.Line()
	d.table.row(cell{wording.Offset(r.Offset), Dim, true}, plain(line.Subject), styled(recordStyle(r), line.Action),
		plain(line.Object), plain(line.Details))
}

func recordStyle(r *inspect.Record) Style {
	switch {
	case r.Uncommitted():
		return Yellow
	case r.Kind == "intent":
		return Cyan
	case r.Kind == "commit":
		return Green
	}
	return Bold
}

// bytes writes the content of a record and its bytes, as far as it has them.
func (d *Dump) bytes(r *inspect.Record) {
	if r.Payload != nil && r.Payload.Content != nil {
		d.p.Styled(Dim, "      content %s", *r.Payload.Content)
	}
	data, err := hex.DecodeString(r.Hex)
	if err != nil || len(data) == 0 {
		return
	}
	for line := range strings.Lines(hex.Dump(data)) {
		d.p.Styled(Dim, "      %s", strings.TrimSuffix(line, "\n"))
	}
}
