package text

import (
	"strings"
	"time"

	"github.com/forewrite/forewrite/internal/inspect"
	"github.com/forewrite/forewrite/internal/inspect/wording"
)

var txMarks = map[string]string{inspect.TxCheckpointed: "*", inspect.TxCommitted: "o", inspect.TxUncommitted: "x"}

// Timeline draws the newest groups: a line a transaction or mark, a column a path.
func Timeline(p *Printer, t *inspect.Timeline) {
	lanes := len(t.Lanes)
	if t.HasOthers() {
		lanes++
	}
	if t.Omitted > 0 {
		p.Styled(Dim, "%s before these", wording.Count(t.Omitted, "group"))
	}
	var rows table
	for i := range t.Groups {
		group(&rows, t, &t.Groups[i], lanes)
	}
	rows.print(p)
	p.Styled(healthStyles[t.Status.Health], "%s", t.Status.Tail.Summary)
	p.Line("")
	for i, path := range t.Lanes {
		p.Line("%c  %s", laneName(i), wording.Quote(path))
	}
	if lanes > len(t.Lanes) {
		p.Line("%c  other paths", laneName(len(t.Lanes)))
	}
	p.Styled(Dim, "* checkpointed, o committed and not checkpointed, x never committed")
	segments(p, t.Status.Segments)
}

func laneName(i int) byte { return 'a' + byte(i) }

func group(rows *table, t *inspect.Timeline, g *inspect.TimelineGroup, lanes int) {
	for i := range g.Txs {
		tx := &g.Txs[i]
		style := txStyles[tx.State]
		columns := []byte(strings.Repeat(".", lanes))
		for _, path := range tx.Paths {
			lane := t.Lane(path)
			columns[lane] = laneName(lane)
		}
		rows.row(number(g.LSN), plain(clock(tx.Time)), styled(style, txMarks[tx.State]), styled(style, string(columns)),
			plainf("tx %d", tx.ID), plain(wording.Count(tx.Updates, "update")), right(wording.Size(tx.Bytes)))
	}
	for i := range g.Records {
		if r := &g.Records[i]; r.IsMark() {
			rows.row(number(g.LSN), plain(clock(r.Time)), styled(Bold, "-"),
				styled(Dim, strings.Repeat("-", lanes)), styled(Bold, r.Label()))
		}
	}
}

// clock writes the time of day, in UTC.
func clock(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("15:04:05.000")
}
