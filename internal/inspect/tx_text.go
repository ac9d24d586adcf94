package inspect

import "strings"

var stateStyles = map[State]Style{AsWritten: Green, Later: Cyan, Earlier: Yellow, Missing: Red, Other: Red, Unreadable: Red}

// Text writes the transaction for people.
func (tx *Tx) Text(p *Printer) {
	p.Text(Bold, "tx "+utoa(tx.ID))
	p.Line("  %s  %s  in group %d, segment %s at %s", tx.State, count(len(tx.Updates), "update"), tx.LSN, tx.Segment, at(tx.Offset))
	if !tx.Time.IsZero() {
		p.Line("committed %s", when(tx.Time))
	}
	p.Line("")
	for i := range tx.Updates {
		tx.Updates[i].text(p)
	}
}

func (u *Update) text(p *Printer) {
	p.Text(Cyan, u.Op)
	p.Line(" %s", quote(u.Path))
	t := Table{Indent: "  "}
	wrote := u.details()
	if wrote == "" {
		wrote = "nothing: what was there goes"
	}
	t.Row(cell("wrote"), cell("%s", wrote))
	now := "can't be read"
	if u.Now != nil {
		now = u.Now.String()
		if u.Now.Hash != "" {
			now += ", hash " + u.Now.Hash
		}
	}
	t.Row(cell("now"), cell("%s", now))
	verdict := string(u.Target.State)
	if u.Target.Detail != "" && u.Target.State != Other {
		verdict += ": " + u.Target.Detail
	}
	t.Row(cell("is"), styled(stateStyles[u.Target.State], verdict))
	t.Print(p)
	for line := range strings.Lines(u.Diff) {
		p.Styled(diffStyle(line), "    %s", strings.TrimSuffix(line, "\n"))
	}
}

func diffStyle(line string) Style {
	switch line[0] {
	case '+':
		return Green
	case '-':
		return Red
	}
	return Plain
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
