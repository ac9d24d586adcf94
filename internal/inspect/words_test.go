package inspect

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestSizesReadAsPeopleSayThem(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{
		0: "0 B", 1: "1 B", 1023: "1023 B", 1024: "1.0 KiB", 1536: "1.5 KiB",
		1<<20 - 1: "1.0 MiB", 4 << 20: "4.0 MiB", 1 << 30: "1.0 GiB", 1<<63 - 1: "8.0 EiB",
	} {
		if got := size(n); got != want {
			t.Errorf("size(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestPatternsMatchElementByElement(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		pattern, path string
		want          bool
	}{
		{"*.toml", "conf/app.toml", true},
		{"app.toml", "conf/app.toml", true},
		{"conf/*", "conf/app.toml", true},
		{"conf/*", "conf/d/app.toml", false},
		{"conf/**", "conf/d/app.toml", true},
		{"**/app.toml", "app.toml", true},
		{"**/d/*", "a/b/d/x", true},
		{"a/**/z", "a/z", true},
		{"a/**/z", "a/b/c/z", true},
		{"a/**/z", "a/b/c/y", false},
		{"**", "a/b/c", true},
		{"a/b", "a", false},
		{"a", "b", false},
	} {
		if got := matchPath(tt.pattern, tt.path); got != tt.want {
			t.Errorf("matchPath(%q, %q) = %t", tt.pattern, tt.path, got)
		}
	}
}

func TestTimesAreTakenAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"10m":                       now.Add(-10 * time.Minute),
		"2026-02-28":                time.Date(2026, 2, 28, 0, 0, 0, 0, time.UTC),
		"2026-02-28 21:40":          time.Date(2026, 2, 28, 21, 40, 0, 0, time.UTC),
		"2026-02-28 21:40:05":       time.Date(2026, 2, 28, 21, 40, 5, 0, time.UTC),
		"2026-02-28T21:40:05+02:00": time.Date(2026, 2, 28, 19, 40, 5, 0, time.UTC),
	} {
		if got, err := ParseTime(text, now); err != nil || !got.Equal(want) {
			t.Errorf("ParseTime(%q) = %s, %v; want %s", text, got, err, want)
		}
	}
	if _, err := ParseTime("yesterday", now); err == nil {
		t.Error("yesterday is taken for a time")
	}
}

func TestNothingUnprintableIsPrinted(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"plain ünïcode": "plain ünïcode",
		"a\x1b[31mb":    `a\x1b[31mb`,
		"a\u009bb":      `a\u009bb`,
		"a\u202eb":      `a\u202eb`,
		"a\xffb":        `a\xffb`,
		"a\nb":          `a\nb`,
	} {
		if got := Clean(text); got != want {
			t.Errorf("Clean(%q) = %s, want %s", text, got, want)
		}
	}
}

// A table is aligned also when it is printed in parts, and its lines have no
// blanks at their ends.
func TestTablesAreAligned(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	p := NewPrinter(&b, false)
	table := Table{Indent: "  "}
	table.Row(cell("long name"), right("1"), cell("x"))
	table.Row(cell("é"), right("100"), cell(""))
	table.Print(p)
	table.Row(cell("n"), right("7"), cell("y"))
	table.Print(p)
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

func TestPreviewsAreShort(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", previewSize-1)
	for data, want := range map[string]string{
		"":            `""`,
		"one\ntwo":    `"one\ntwo"`,
		long + "x":    `"` + long + `x"`,
		long + "xx":   `"` + long + `x"…`,
		long + "é":    `"` + long + `"…`, // not half a letter
		"a\x00b":      "binary 610062",
		"\xff" + long: "binary ff" + strings.Repeat("78", previewSize/2-1) + "…",
		"\x1b[2J":     `"\x1b[2J"`,
	} {
		if got := preview([]byte(data)); got != want {
			t.Errorf("preview(%q) = %s, want %s", data, got, want)
		}
	}
}

func TestLongNamesKeepTheirEnds(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"short": "short", "exactly-10": "exactly-10", "a/very/long/path.json": "…path.json", "éééééééééééé": "…ééééééééé"} {
		if got := shorten(name, 10); got != want {
			t.Errorf("shorten(%q) = %q, want %q", name, got, want)
		}
	}
}

// Paths beyond those that are changed most often share a column.
func TestTimelineOfManyPaths(t *testing.T) {
	t.Parallel()
	script := "open\n"
	for n := range maxLanes + 10 {
		script += "tx " + utoa(n+1) + " put often x ; put path-" + utoa(n) + " x\n"
	}
	j := build(t, script, nil)
	timeline, err := j.Timeline(t.Context(), 1000, View{})
	if err != nil {
		t.Fatal(err)
	}
	if len(timeline.Lanes) != maxLanes || timeline.Lane("often") == maxLanes || timeline.others() != 1 {
		t.Errorf("lanes %q, others %d", timeline.Lanes, timeline.others())
	}
	var b bytes.Buffer
	p := NewPrinter(&b, false)
	timeline.Text(p)
	if err := p.Flush(); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "\ny  other paths\n") {
		t.Errorf("no other paths in\n%s", &b)
	}
}
