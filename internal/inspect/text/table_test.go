package text

import (
	"bytes"
	"strings"
	"testing"
)

// A table is aligned also when it is printed in parts, and its lines have no
// blanks at their ends.
func TestTablesAreAligned(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	p := NewPrinter(&b, false)
	table := table{indent: "  "}
	table.row(plain("long name"), right("1"), plain("x"))
	table.row(plain("é"), right("100"), plain(""))
	table.print(p)
	table.row(plain("n"), right("7"), plain("y"))
	table.print(p)
	if err := p.Flush(); err != nil {
		t.Fatal(err)
	}
	want := "  long name    1  x\n  é          100\n  n            7  y\n"
	if got := b.String(); got != want {
		t.Errorf("got\n%s want\n%s", got, want)
	}
	if strings.Contains(b.String(), " \n") {
		t.Error("blanks at the end of a line")
	}
}
