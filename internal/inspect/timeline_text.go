package inspect

import (
	"fmt"
	"strings"
)

var txMarks = map[string]struct {
	mark  byte
	style Style
}{
	TxCheckpointed: {'*', Green},
	TxCommitted:    {'o', Yellow},
	TxDiscarded:    {'x', Red},
}

// Text draws the timeline: a line a transaction or mark, a column a path.
func (t *Timeline) Text(p *Printer) {
	lanes := len(t.Lanes) + t.others()
	if t.Omitted > 0 {
		p.Styled(Dim, "%s before these", count(t.Omitted, "group"))
	}
	table := Table{}
	for i := range t.Groups {
		t.rows(&table, &t.Groups[i], lanes)
	}
	table.Print(p)
	p.Styled(healthStyles[t.Status.Health], "%s", t.Status.Ending)
	p.Line("")
	for i, path := range t.Lanes {
		p.Line("%c  %s", laneName(i), quote(path))
	}
	if t.others() > 0 {
		p.Line("%c  other paths", laneName(len(t.Lanes)))
	}
	p.Styled(Dim, "* checkpointed, o committed and not checkpointed, x never committed")
	if len(t.Status.Segments) > 0 {
		p.Line("")
		SegmentsText(p, t.Status.Segments)
	}
}

// others is 1 when there are paths without a lane of their own.
func (t *Timeline) others() int {
	for i := range t.Groups {
		for _, e := range t.Groups[i].Entries {
			if e.Kind == "intent" && t.Lane(e.Path) == len(t.Lanes) {
				return 1
			}
		}
	}
	return 0
}

func laneName(i int) byte { return 'a' + byte(i) }

func (t *Timeline) rows(table *Table, g *TimelineGroup, lanes int) {
	for i := range g.Txs {
		tx := &g.Txs[i]
		m := txMarks[tx.State]
		marks := []byte(strings.Repeat(".", lanes))
		for _, u := range tx.Updates {
			lane := t.Lane(u.Path)
			marks[lane] = laneName(lane)
		}
		when := "-"
		if at := tx.Updates[0].Time; !at.IsZero() {
			when = at.Format("15:04:05.000")
		}
		table.Row(right(utoa(g.LSN)), cell("%s", when), styled(m.style, string(m.mark)), styled(m.style, string(marks)),
			cell("tx %d", tx.ID), cell("%s", count(len(tx.Updates), "update")), right(size(tx.Bytes)))
	}
	for i := range g.Entries {
		if e := &g.Entries[i]; e.CheckpointLSN != nil {
			table.Row(right(utoa(g.LSN)), cell("%s", e.Time.Format("15:04:05.000")), styled(Bold, "-"),
				styled(Dim, strings.Repeat("-", lanes)), styled(Bold, e.label()))
		}
	}
}

// label says what a mark is in a few words.
func (e *Entry) label() string {
	switch {
	case e.Session != nil:
		return fmt.Sprintf("open by pid %d on %s", e.Session.PID, quote(e.Session.Host))
	case e.Kind == "checkpoint":
		return fmt.Sprintf("checkpoint up to group %d", *e.CheckpointLSN)
	}
	return e.Kind
}
