package text

import (
	"fmt"
	"strings"

	"github.com/forewrite/forewrite/internal/inspect"
	"github.com/forewrite/forewrite/internal/inspect/wording"
)

// segments writes a line for each segment, with a map of its bytes.
func segments(p *Printer, all []inspect.Segment) {
	if len(all) == 0 {
		return
	}
	p.Line("")
	shown, omitted := inspect.ShortList(all)
	var t table
	t.row(heading("segment"), rightHeading("size"), rightHeading("used"), rightHeading("groups"), heading("range"), heading("bytes"))
	for i := range shown {
		s := &shown[i]
		t.row(plain(s.Name.String()), right(wording.Size(s.Size)), right(wording.Size(s.Used)), number(s.Groups),
			plain(s.Range()), plain(byteMap(s, mapWidth)))
	}
	t.print(p)
	if omitted > 0 {
		p.Styled(Dim, "and %s more, older and undamaged", wording.Count(omitted, "segment"))
	}
	p.Styled(Dim, "%s", mapLegend())
}

const mapWidth = 32

// mapMarks are the marks of a byte map, those of later kinds over those of earlier.
var mapMarks = []struct {
	kind string
	mark byte
}{
	{inspect.SpanGroups, '#'}, {inspect.SpanZero, '.'}, {inspect.SpanStranded, '!'}, {inspect.SpanUnknown, '?'},
}

func mapLegend() string {
	var parts []string
	for _, m := range mapMarks {
		parts = append(parts, fmt.Sprintf("%c %s", m.mark, inspect.SpanNames[m.kind]))
	}
	return "bytes: " + strings.Join(parts, ", ")
}

// byteMap draws the bytes of a segment's file as a line of marks. A mark shows the
// worst of the bytes that it covers.
func byteMap(e *inspect.Segment, width int) string {
	if e.Size == 0 {
		return "[" + strings.Repeat(" ", width) + "]"
	}
	marks := []byte(strings.Repeat(".", width))
	for _, m := range mapMarks {
		for _, s := range e.Spans {
			if s.Kind != m.kind || s.Length == 0 || m.kind == inspect.SpanZero {
				continue
			}
			from := s.Offset * int64(width) / e.Size
			to := (s.Offset+s.Length-1)*int64(width)/e.Size + 1
			for i := from; i < min(to, int64(width)); i++ {
				marks[i] = m.mark
			}
		}
	}
	return fmt.Sprintf("[%s]", marks)
}
