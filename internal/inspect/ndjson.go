package inspect

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode/utf16"
)

// SchemaVersion is that of the JSON lines. Fields may be added under the same
// version; one that changes its meaning raises it.
const SchemaVersion = 1

// Lines writes JSON, one object a line. Each has a "type"; the first is a header,
// the last an end, which says why there is no more. Numbers stay numbers; 64-bit
// hashes are strings of 16 hex digits.
type Lines struct {
	w   *bufio.Writer
	err error
}

// NewLines returns Lines to w.
func NewLines(w io.Writer) *Lines { return &Lines{w: bufio.NewWriterSize(w, 64<<10)} }

// Header writes the first line.
func (l *Lines) Header(command string, j *Journal) {
	l.Line("header", struct {
		Schema  int    `json:"schema"`
		Command string `json:"command"`
		Root    string `json:"root,omitempty"`
		Dir     string `json:"dir,omitempty"`
	}{SchemaVersion, command, j.Root, j.Dir})
}

// Line writes v, which must encode as an object.
func (l *Lines) Line(kind string, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		l.err = err
		return
	}
	body = escapeJSON(body)
	l.w.WriteString(`{"type":"` + kind + `"`)
	if rest := bytes.TrimPrefix(body, []byte("{")); !bytes.Equal(rest, []byte("}")) {
		l.w.WriteByte(',')
		l.w.Write(rest)
	} else {
		l.w.WriteByte('}')
	}
	l.w.WriteByte('\n')
}

// escapeJSON writes what is not printable as escapes, also where JSON does not ask
// for it: JSON, too, is looked at on a terminal.
func escapeJSON(body []byte) []byte {
	if bytes.IndexFunc(body, needsEscape) < 0 {
		return body
	}
	var b bytes.Buffer
	for _, r := range string(body) {
		switch {
		case !needsEscape(r):
			b.WriteRune(r)
		case r > 0xffff:
			hi, lo := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, hi, lo)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.Bytes()
}

// Flush writes what is buffered.
func (l *Lines) Flush() error {
	if err := l.w.Flush(); err != nil {
		return err
	}
	return l.err
}
