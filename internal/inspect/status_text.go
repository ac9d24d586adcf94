package inspect

import (
	"fmt"
	"slices"
	"strings"
)

// Text writes the status for people.
func (s *Status) Text(p *Printer, j *Journal) {
	p.Text(healthStyles[s.Health], s.headline())
	p.Line("")
	p.Line("")
	t := Table{}
	t.Row(cell("journal"), cell("%s", quote(j.Dir)))
	t.Row(cell("root"), cell("%s", quote(j.Root)))
	t.Row(cell("format"), cell("%s", list(s.Format, prefixed("id ", s.ID))))
	t.Row(cell("owner"), cell("%s", s.Owner))
	t.Row(cell("log"), cell("%s", list(count(len(s.Segments), "segment"), count(s.Groups, "group"), lsns(s.First, s.Last))))
	t.Row(cell("transactions"), cell("%s", s.transactions()))
	t.Row(cell("end"), styled(s.endStyle(), s.Ending))
	if s.Reason != "" && !s.InFlight {
		t.Row(cell("because"), cell("%s", s.Reason))
	}
	t.Row(cell("staging"), cell("%s", s.Staging))
	t.Row(cell("lost+found"), cell("%s", folders(s.Lost)))
	for _, name := range s.Leftovers {
		t.Row(cell("left over"), cell("%s", quote(name)))
	}
	for _, name := range s.Strays {
		t.Row(cell("unexpected"), styled(Red, quote(name)))
	}
	s.nextRows(&t)
	t.Print(p)
	if len(s.Segments) > 0 {
		p.Line("")
		SegmentsText(p, s.Segments)
	}
}

func (s *Status) headline() string {
	switch {
	case s.InFlight:
		return "in use, a group is in flight"
	case s.Owner.Present && s.Health == Healthy:
		return "in use, healthy"
	}
	return s.Health.String()
}

// nextRows says what the next open will do, a part a line.
func (s *Status) nextRows(t *Table) {
	parts := []string{s.Next}
	if s.Plan != nil && !s.Plan.Clean && s.Health < Corrupt {
		parts = strings.Split(s.Next, ", ")
	}
	if s.Owner.Present {
		parts = append([]string{"if the owner died now:"}, parts...)
	}
	for i, part := range parts {
		label := "next open"
		if i > 0 {
			label = ""
		}
		t.Row(cell("%s", label), styled(healthStyles[s.Health], part))
	}
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

func (s *Status) transactions() string {
	text := list(
		number(s.Checkpointed, "checkpointed"), number(s.Committed, "committed and not checkpointed"), number(s.Uncommitted, "never committed"))
	if text == "" {
		return "none in the log"
	}
	return text
}

func (s *Status) endStyle() Style {
	switch {
	case s.State == "clean", s.InFlight:
		return Plain
	case s.State == "torn":
		return Yellow
	}
	return Red
}

// String says how much it is.
func (f Folder) String() string {
	if f.Files == 0 {
		return "empty"
	}
	return count(f.Files, "file") + ", " + size(f.Bytes)
}

// folders names what lies in lost+found; the names are in the order of time.
func folders(names []string) string {
	switch n := len(names); n {
	case 0:
		return "empty"
	case 1:
		return quote(names[0])
	default:
		return fmt.Sprintf("%s, the newest %s", count(n, "folder"), quote(names[n-1]))
	}
}

// SegmentsText writes the segments with a map of their bytes.
func SegmentsText(p *Printer, segments []Segment) {
	segments, omitted := shortList(segments)
	t := Table{}
	t.Row(styled(Dim, "segment"), Cell{"size", Dim, true}, Cell{"used", Dim, true}, Cell{"groups", Dim, true}, styled(Dim, "range"), styled(Dim, "bytes"))
	for i := range segments {
		e := &segments[i]
		t.Row(cell("%s", e.Name), right(size(e.Size)), right(size(e.Used)), right(utoa(e.Groups)), cell("%s", e.lsns()), cell("%s", e.strip(stripWidth)))
	}
	t.Print(p)
	if omitted > 0 {
		p.Styled(Dim, "and %s more, older and whole", count(omitted, "segment"))
	}
	p.Styled(Dim, "%s", stripLegend)
}

// maxSegments is how many segments fit on a screen with all else.
const maxSegments = 12

// shortList chooses the newest segments and, of the others, those with damage.
func shortList(segments []Segment) (shown []Segment, omitted int) {
	for i, e := range segments {
		if i >= len(segments)-maxSegments || e.damaged() {
			shown = append(shown, e)
		} else {
			omitted++
		}
	}
	return shown, omitted
}

func (e *Segment) damaged() bool {
	return slices.ContainsFunc(e.Spans, func(s Span) bool { return s.Kind != "groups" && s.Kind != "zero" })
}

func (e *Segment) lsns() string {
	if e.Groups == 0 {
		return "unused"
	}
	return lsns(e.First, e.Last)
}

const (
	stripWidth  = 32
	stripLegend = "bytes: # groups, . zeroes, ? torn or damaged, ! whole groups out of reach"
)

var stripMarks = map[string]byte{"groups": '#', "zero": '.', "unknown": '?', "stranded": '!'}

// strip draws the bytes of a segment's file as a line of marks. The worst that lies
// in a mark's range is what it shows.
func (e *Segment) strip(width int) string {
	if e.Size == 0 {
		return "[" + strings.Repeat(" ", width) + "]"
	}
	marks := []byte(strings.Repeat(".", width))
	for _, kind := range []string{"groups", "stranded", "unknown"} {
		for _, s := range e.Spans {
			if s.Kind != kind || s.Length == 0 {
				continue
			}
			from := s.Offset * int64(width) / e.Size
			to := (s.Offset+s.Length-1)*int64(width)/e.Size + 1
			for i := from; i < min(to, int64(width)); i++ {
				marks[i] = stripMarks[kind]
			}
		}
	}
	return fmt.Sprintf("[%s]", marks)
}
