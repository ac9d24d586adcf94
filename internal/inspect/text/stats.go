package text

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/forewrite/forewrite/internal/inspect"
	"github.com/forewrite/forewrite/internal/inspect/wording"
)

// Stats writes statistics.
func Stats(p *Printer, s *inspect.Stats) {
	var t table
	t.row(plain("log"), plainf("%s in %s of %s", wording.Size(s.GroupBytes), wording.Count(s.Segments, "segment"), wording.Size(s.FileBytes)))
	t.row(plain("sessions"), plainf("%d", s.Sessions))
	t.row(plain("groups"), plainf("%d", s.Groups))
	t.row(plain("transactions"), plainf("%d", s.Transactions))
	t.row(plain("updates"), plainf("%d: %s", s.Updates, ops(s)))
	t.row(plain("content"), plain(wording.List(content(s.Inline, "inline"), content(s.Staged, "staged"), content(s.Linked, "linked"))))
	if s.Transactions > 0 {
		t.row(plain("from"), plain(wording.Time(s.FirstCommit)))
		t.row(plain("to"), plain(wording.Time(s.LastCommit)))
		t.row(plain("rate"), plain(rate(s)))
	}
	t.print(p)
	p.Line("")
	t = table{}
	t.row(plain(""), rightHeading("min"), rightHeading("mean"), rightHeading("p50<="), rightHeading("p99<="), rightHeading("max"))
	t.row(spread("bytes a group", &s.GroupSize)...)
	t.row(spread("transactions a group", &s.PerGroup)...)
	t.row(spread("updates a transaction", &s.PerTx)...)
	t.print(p)
	paths(p, s)
}

func paths(p *Printer, s *inspect.Stats) {
	if len(s.Paths) == 0 {
		return
	}
	p.Line("")
	var t table
	t.row(rightHeading("updates"), rightHeading("content"), rightHeading("last tx"), heading("path"))
	for _, use := range s.Paths {
		t.row(number(use.Updates), right(wording.Size(use.Bytes)), number(use.LastTx), plain(wording.Quote(use.Path)))
	}
	t.print(p)
	if more := s.Distinct - len(s.Paths); more > 0 {
		p.Styled(Dim, "and %s more", wording.Count(more, "path"))
	}
}

func ops(s *inspect.Stats) string {
	if len(s.Ops) == 0 {
		return "-"
	}
	var parts []string
	for _, op := range slices.Sorted(maps.Keys(s.Ops)) {
		parts = append(parts, fmt.Sprintf("%d %s", s.Ops[op], op))
	}
	return wording.List(parts...)
}

func content(c inspect.Content, how string) string {
	if c.Count == 0 {
		return ""
	}
	return fmt.Sprintf("%s in %d %s", wording.Size(c.Bytes), c.Count, how)
}

func rate(s *inspect.Stats) string {
	span := s.LastCommit.Sub(s.FirstCommit)
	if span < time.Second {
		return "all within " + span.Round(time.Microsecond).String()
	}
	return fmt.Sprintf("%.1f transactions/s, %s/s of log, over %s", float64(s.Transactions)/span.Seconds(),
		wording.Size(int64(float64(s.GroupBytes)/span.Seconds())), span.Round(time.Second))
}

func spread(name string, s *inspect.Spread) []cell {
	return []cell{plain(name), number(s.Min), right(fmt.Sprintf("%.1f", s.Mean)), number(s.P50), number(s.P99), number(s.Max)}
}
