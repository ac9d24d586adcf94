package inspect

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Style is how a piece of text looks where colors are on.
type Style string

// The styles: parameters of the terminal's SGR sequence.
const (
	Plain  Style = ""
	Bold   Style = "1"
	Dim    Style = "2"
	Red    Style = "31"
	Green  Style = "32"
	Yellow Style = "33"
	Cyan   Style = "36"
)

// Printer writes text for people. Every text passes through Clean on its way, so
// that nothing in a journal can write escape sequences. The first error of
// writing sticks and is returned by Flush.
type Printer struct {
	w     *bufio.Writer
	color bool
}

// NewPrinter returns a Printer to w, with colors or without.
func NewPrinter(w io.Writer, color bool) *Printer {
	return &Printer{bufio.NewWriterSize(w, 64<<10), color}
}

// Flush writes what is buffered.
func (p *Printer) Flush() error { return p.w.Flush() }

// Text writes a piece of a line.
func (p *Printer) Text(s Style, text string) {
	text = Clean(text)
	if p.color && s != Plain && text != "" {
		text = "\x1b[" + string(s) + "m" + text + "\x1b[0m"
	}
	p.w.WriteString(text)
}

// Line writes a plain line.
func (p *Printer) Line(format string, args ...any) {
	p.Text(Plain, fmt.Sprintf(format, args...))
	p.w.WriteByte('\n')
}

// Styled writes a line in a style.
func (p *Printer) Styled(s Style, format string, args ...any) {
	p.Text(s, fmt.Sprintf(format, args...))
	p.w.WriteByte('\n')
}

// Cell is one field of a table's row.
type Cell struct {
	Text  string
	Style Style
	Right bool // aligned
}

func cell(format string, args ...any) Cell { return Cell{Text: fmt.Sprintf(format, args...)} }
func right(text string) Cell               { return Cell{Text: text, Right: true} }
func styled(s Style, text string) Cell     { return Cell{Text: text, Style: s} }

// Table aligns the rows that it is given. Its columns grow and never shrink, so
// that one table can be written in parts.
type Table struct {
	Indent string
	widths []int
	rows   [][]Cell
}

// Row adds a row.
func (t *Table) Row(cells ...Cell) {
	for i := range cells {
		cells[i].Text = Clean(cells[i].Text)
		if i == len(t.widths) {
			t.widths = append(t.widths, 0)
		}
		if i < len(cells)-1 || cells[i].Right {
			t.widths[i] = max(t.widths[i], utf8.RuneCountInString(cells[i].Text))
		}
	}
	t.rows = append(t.rows, cells)
}

// Print writes the rows that were added since it was last called.
func (t *Table) Print(p *Printer) {
	for _, row := range t.rows {
		t.printRow(p, row)
		p.w.WriteByte('\n')
	}
	t.rows = t.rows[:0]
}

func (t *Table) printRow(p *Printer, row []Cell) {
	for len(row) > 0 && row[len(row)-1].Text == "" {
		row = row[:len(row)-1] // no blanks at the end of a line
	}
	if len(row) == 0 {
		return
	}
	p.w.WriteString(t.Indent)
	for i, c := range row {
		pad := strings.Repeat(" ", max(0, t.widths[i]-utf8.RuneCountInString(c.Text)))
		if c.Right {
			p.w.WriteString(pad)
			pad = ""
		}
		p.Text(c.Style, c.Text)
		if i < len(row)-1 {
			p.w.WriteString(pad + "  ")
		}
	}
}

// Clean returns s with everything that is not printable written as an escape.
func Clean(s string) string {
	if strings.IndexFunc(s, needsEscape) < 0 && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case needsEscape(r):
			q := strconv.QuoteRune(r)
			b.WriteString(q[1 : len(q)-1])
		default:
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}

func needsEscape(r rune) bool { return !unicode.IsPrint(r) }

// quote writes a name the way every output for people does.
func quote(name string) string { return strconv.Quote(name) }
