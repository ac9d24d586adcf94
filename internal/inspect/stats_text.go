package inspect

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Text writes the statistics for people.
func (s *Stats) Text(p *Printer) {
	t := Table{}
	t.Row(cell("log"), cell("%s in %s of %s", size(s.GroupBytes), count(s.Segments, "segment"), size(s.FileBytes)))
	t.Row(cell("sessions"), cell("%d", s.Sessions))
	t.Row(cell("groups"), cell("%d", s.Groups))
	t.Row(cell("transactions"), cell("%d", s.Transactions))
	t.Row(cell("updates"), cell("%d: %s", s.Updates, s.ops()))
	t.Row(cell("content"), cell("%s", list(s.Inline.in("inline"), s.Staged.in("staged"), s.Linked.in("linked"))))
	if s.Transactions > 0 {
		t.Row(cell("from"), cell("%s", when(s.FirstCommit)))
		t.Row(cell("to"), cell("%s", when(s.LastCommit)))
		t.Row(cell("rate"), cell("%s", s.rate()))
	}
	t.Print(p)
	p.Line("")
	t = Table{}
	t.Row(styled(Dim, ""), Cell{"min", Dim, true}, Cell{"mean", Dim, true}, Cell{"p50<=", Dim, true}, Cell{"p99<=", Dim, true}, Cell{"max", Dim, true})
	t.Row(s.GroupSize.cells("bytes a group")...)
	t.Row(s.PerGroup.cells("transactions a group")...)
	t.Row(s.PerTx.cells("updates a transaction")...)
	t.Print(p)
	s.pathsText(p)
}

func (s *Stats) pathsText(p *Printer) {
	if len(s.Paths) == 0 {
		return
	}
	p.Line("")
	t := Table{}
	t.Row(Cell{"updates", Dim, true}, Cell{"content", Dim, true}, Cell{"last tx", Dim, true}, styled(Dim, "path"))
	for _, use := range s.Paths {
		t.Row(right(utoa(use.Updates)), right(size(use.Bytes)), right(utoa(use.LastTx)), cell("%s", quote(use.Path)))
	}
	t.Print(p)
	if more := s.Distinct - len(s.Paths); more > 0 {
		p.Styled(Dim, "and %s more", count(more, "path"))
	}
}

func (s *Stats) ops() string {
	var parts []string
	for _, op := range slices.Sorted(maps.Keys(s.Ops)) {
		parts = append(parts, fmt.Sprintf("%d %s", s.Ops[op], op))
	}
	return orDash(list(parts...))
}

func (c Content) in(where string) string {
	if c.Count == 0 {
		return ""
	}
	return fmt.Sprintf("%s in %d %s", size(c.Bytes), c.Count, where)
}

func (s *Stats) rate() string {
	span := s.LastCommit.Sub(s.FirstCommit)
	if span < time.Second {
		return "all within " + span.Round(time.Microsecond).String()
	}
	return fmt.Sprintf("%.1f transactions/s, %s/s of log, over %s",
		float64(s.Transactions)/span.Seconds(), size(int64(float64(s.GroupBytes)/span.Seconds())), span.Round(time.Second))
}

func (s *Spread) cells(name string) []Cell {
	return []Cell{cell("%s", name), right(utoa(s.Min)), right(fmt.Sprintf("%.1f", s.Mean)), right(utoa(s.P50)), right(utoa(s.P99)), right(utoa(s.Max))}
}
