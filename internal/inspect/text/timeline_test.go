package text

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/forewrite/forewrite/internal/inspect"
	"github.com/forewrite/forewrite/internal/inspect/inspecttest"
)

// Paths without a lane of their own share the last column.
func TestTimelineOfManyPaths(t *testing.T) {
	t.Parallel()
	var script strings.Builder
	fmt.Fprintln(&script, "open")
	const paths = 40
	for n := range paths {
		fmt.Fprintf(&script, "tx %d put often x ; put path-%d x\n", n+1, n)
	}
	j, err := inspect.Find(inspecttest.Journal(t, script.String(), nil), "")
	if err != nil {
		t.Fatal(err)
	}
	timeline, err := j.Timeline(t.Context(), 1000, inspect.Bytes{})
	if err != nil {
		t.Fatal(err)
	}
	lanes := len(timeline.Lanes)
	if lanes >= paths || timeline.Lane("often") == lanes || !timeline.HasOthers() {
		t.Errorf("lanes %q, others %t", timeline.Lanes, timeline.HasOthers())
	}
	var b bytes.Buffer
	p := NewPrinter(&b, false)
	Timeline(p, timeline)
	if err := p.Flush(); err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("\n%c  other paths\n", 'a'+lanes); !strings.Contains(b.String(), want) {
		t.Errorf("no other paths in\n%s", &b)
	}
}
