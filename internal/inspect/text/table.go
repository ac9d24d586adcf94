package text

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/forewrite/forewrite/internal/inspect/wording"
)

// cell is one field of a table's row.
type cell struct {
	text  string
	style Style
	right bool // aligned
}

func plain(text string) cell                     { return cell{text: text} }
func plainf(format string, args ...any) cell     { return cell{text: fmt.Sprintf(format, args...)} }
func right(text string) cell                     { return cell{text: text, right: true} }
func styled(s Style, text string) cell           { return cell{text: text, style: s} }
func heading(text string) cell                   { return cell{text, Dim, false} }
func rightHeading(text string) cell              { return cell{text, Dim, true} }
func number[N ~int | ~int64 | ~uint64](n N) cell { return right(wording.Number(n)) }

// table aligns the rows that it is given. Its columns grow and never shrink, so
// that one table can be written in parts.
type table struct {
	indent string
	widths []int
	rows   [][]cell
}

// row adds a row.
func (t *table) row(cells ...cell) {
	for i := range cells {
		cells[i].text = wording.Clean(cells[i].text)
		if i == len(t.widths) {
			t.widths = append(t.widths, 0)
		}
		if i < len(cells)-1 || cells[i].right {
			t.widths[i] = max(t.widths[i], utf8.RuneCountInString(cells[i].text))
		}
	}
	t.rows = append(t.rows, cells)
}

// print writes the rows that were added since it was last called.
func (t *table) print(p *Printer) {
	for _, row := range t.rows {
		t.printRow(p, row)
		p.w.WriteByte('\n')
	}
	t.rows = t.rows[:0]
}

func (t *table) printRow(p *Printer, row []cell) {
	for len(row) > 0 && row[len(row)-1].text == "" {
		row = row[:len(row)-1] // no blanks at the end of a line
	}
	if len(row) == 0 {
		return
	}
	p.w.WriteString(t.indent)
	for i, c := range row {
		pad := strings.Repeat(" ", max(0, t.widths[i]-utf8.RuneCountInString(c.text)))
		if c.right {
			p.w.WriteString(pad)
			pad = ""
		}
		p.Text(c.style, c.text)
		if i < len(row)-1 {
			p.w.WriteString(pad + "  ")
		}
	}
}
