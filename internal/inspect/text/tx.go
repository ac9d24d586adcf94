package text

import (
	"strings"

	"github.com/forewrite/forewrite/internal/inspect"
	"github.com/forewrite/forewrite/internal/inspect/wording"
)

// Tx writes a transaction, and what its files are now.
func Tx(p *Printer, tx *inspect.Tx) {
	p.Text(Bold, "tx "+wording.Number(tx.ID))
	p.Line("  %s  %s  in group %d, segment %s at %s", tx.State, wording.Count(len(tx.Updates), "update"),
		tx.LSN, tx.Segment, wording.Offset(tx.Offset))
	if !tx.Time.IsZero() {
		p.Line("committed %s", wording.Time(tx.Time))
	}
	p.Line("")
	for i := range tx.Updates {
		update(p, &tx.Updates[i])
	}
}

func update(p *Printer, u *inspect.Update) {
	p.Text(Cyan, u.Op)
	p.Line(" %s", wording.Quote(u.Path))
	t := table{indent: "  "}
	wrote := u.Line().Details
	if wrote == "" {
		wrote = "nothing: it removes what was there"
	}
	t.row(plain("wrote"), plain(wrote))
	now := "can't be read"
	if u.Now != nil {
		now = u.Now.String()
		if u.Now.Hash != "" {
			now += ", hash " + u.Now.Hash
		}
	}
	t.row(plain("now"), plain(now))
	verdict := string(u.Target.State)
	if u.Target.Detail != "" && u.Target.State != inspect.Other {
		verdict += ": " + u.Target.Detail
	}
	t.row(plain("is"), styled(targetStyles[u.Target.State], verdict))
	t.print(p)
	for line := range strings.Lines(u.Diff) {
		p.Styled(diffStyles[line[0]], "    %s", strings.TrimSuffix(line, "\n"))
	}
}

var diffStyles = map[byte]Style{'+': Green, '-': Red}
