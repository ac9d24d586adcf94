package text

import (
	"bufio"
	"fmt"
	"io"

	"github.com/forewrite/forewrite/internal/inspect/wording"
)

// Style is how a piece of text looks where colors are on: the parameters of the
// terminal's SGR sequence.
type Style string

// The styles.
const (
	Plain  Style = ""
	Bold   Style = "1"
	Dim    Style = "2"
	Red    Style = "31"
	Green  Style = "32"
	Yellow Style = "33"
	Cyan   Style = "36"
)

// Printer writes text for people. Every text is cleaned by [wording.Clean] on its
// way, so that nothing in a journal can write escape sequences. The first error of
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
	text = wording.Clean(text)
	if p.color && s != Plain && text != "" {
		text = "\x1b[" + string(s) + "m" + text + "\x1b[0m"
	}
	p.w.WriteString(text)
}

// Line writes a plain line.
func (p *Printer) Line(format string, args ...any) { p.Styled(Plain, format, args...) }

// Styled writes a line in a style.
func (p *Printer) Styled(s Style, format string, args ...any) {
	p.Text(s, fmt.Sprintf(format, args...))
	p.w.WriteByte('\n')
}
