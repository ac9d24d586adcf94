// Package ndjson renders the inspector's model as JSON, one object a line, for other
// programs. docs/json.md documents each object.
package ndjson

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"unicode/utf16"

	"github.com/forewrite/forewrite/internal/inspect"
	"github.com/forewrite/forewrite/internal/inspect/wording"
	"github.com/forewrite/forewrite/recovery"
)

// Version is the version of the schema. Types and fields may be added under the same
// version. It changes when one is removed, renamed, or gets another meaning.
const Version = 1

// Header is the first line.
type Header struct {
	Version int    `json:"version"` // of the schema
	Command string `json:"command"`
	Root    string `json:"root,omitempty"`
	Dir     string `json:"dir,omitempty"`
}

// End is the last line.
type End struct {
	Reason string `json:"reason"`           // why there is no more
	Health string `json:"health,omitempty"` // of the journal, when it is known
	Error  string `json:"error,omitempty"`
	Exit   int    `json:"exit"` // code
}

// Program describes the program that writes.
type Program struct {
	Version string `json:"version"` // of the program
	Format  int    `json:"format"`  // the newest on-disk format that it reads
	Go      string `json:"go"`
	System  string `json:"system"`
}

// types are the names that objects of the schema have in their field "type".
var types = map[reflect.Type]string{
	reflect.TypeFor[Header]():              "header",
	reflect.TypeFor[End]():                 "end",
	reflect.TypeFor[Program]():             "program",
	reflect.TypeFor[inspect.Status]():      "status",
	reflect.TypeFor[inspect.GroupHead]():   "group",
	reflect.TypeFor[inspect.Record]():      "record",
	reflect.TypeFor[inspect.TxHead]():      "tx",
	reflect.TypeFor[inspect.Update]():      "update",
	reflect.TypeFor[inspect.Check]():       "check",
	reflect.TypeFor[inspect.Finding]():     "finding",
	reflect.TypeFor[inspect.Explanation](): "explanation",
	reflect.TypeFor[recovery.Report]():     "plan",
	reflect.TypeFor[inspect.Stats]():       "stats",
	reflect.TypeFor[inspect.PathUse]():     "path",
	reflect.TypeFor[inspect.Salvaged]():    "salvaged",
}

// Writer writes objects, one a line. The first is a [Header], the last an [End]. The
// first error sticks and is returned by Flush.
type Writer struct {
	w   *bufio.Writer
	err error
}

// NewWriter returns a Writer to w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: bufio.NewWriterSize(w, 64<<10)} }

// Header writes the first line of a command's output about a journal, which may be nil.
func (w *Writer) Header(command string, j *inspect.Journal) {
	h := Header{Version: Version, Command: command}
	if j != nil {
		h.Root, h.Dir = j.Root, j.Dir
	}
	w.Write(h)
}

// Write writes a line. It panics when v, a struct or a pointer to one, is not of a type
// of the schema.
func (w *Writer) Write(v any) {
	name := types[reflect.Indirect(reflect.ValueOf(v)).Type()]
	if name == "" {
		panic(fmt.Sprintf("ndjson: %T is not in the schema", v))
	}
	body, err := json.Marshal(v)
	if err != nil {
		if w.err == nil {
			w.err = err
		}
		return
	}
	fmt.Fprintf(w.w, `{"type":%q,`, name)
	w.w.Write(escape(body[1:])) // no type of the schema is an empty object
	w.w.WriteByte('\n')
}

// escape writes what is not printable as escapes, also where JSON does not require
// it: JSON, too, is looked at on a terminal.
func escape(body []byte) []byte {
	if bytes.IndexFunc(body, wording.Unprintable) < 0 {
		return body
	}
	var b bytes.Buffer
	for _, r := range string(body) {
		switch {
		case !wording.Unprintable(r):
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
func (w *Writer) Flush() error {
	if err := w.w.Flush(); err != nil {
		return err
	}
	return w.err
}
