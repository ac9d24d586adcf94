package inspect

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
)

// FuzzHostileJournal: whatever names and texts a journal holds, what is shown of
// it is printable, JSON is JSON, and the page has no element of theirs.
func FuzzHostileJournal(f *testing.F) {
	f.Add("evil\x1b[31m", "s-1\x07", "host\x1b]0;title\a", "text\x1b[2J")
	f.Add("a\u202eb/\u009b31m", "\u2028", "\xff\xfe", "<script>alert(1)</script>")
	f.Add(`"quoted"\n`, `s&amp;`, "", "\x00\x01")
	f.Add("<img src=x onerror=alert(1)>", "\U000e0041", "\U0001f4a9", "{{.}}")
	f.Fuzz(func(t *testing.T, path, staged, host, content string) {
		if !record.ValidPath(path) || !record.ValidName(staged) || len(host) > 1<<10 {
			t.Skip("no writer and no reader takes such a record")
		}
		j := hostileJournal(t, path, staged, host, content)
		var text, lines bytes.Buffer
		p, l := NewPrinter(&text, false), NewLines(&lines)
		l.Header("test", j)
		showAll(t, j, p, l)
		if err := p.Flush(); err != nil {
			t.Fatal(err)
		}
		if err := l.Flush(); err != nil {
			t.Fatal(err)
		}
		for _, out := range []string{text.String(), lines.String()} {
			if i := strings.IndexFunc(out, unprintable); i >= 0 || !utf8.ValidString(out) {
				t.Errorf("byte %d is not printable in %q", i, out)
			}
		}
		for line := range strings.Lines(lines.String()) {
			if !json.Valid([]byte(line)) {
				t.Errorf("no JSON: %s", line)
			}
		}
	})
}

func unprintable(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }

func hostileJournal(t *testing.T, path, staged, host, content string) *Journal {
	t.Helper()
	j := &Journal{Root: t.TempDir()}
	j.Dir = filepath.Join(j.Root, ".journal")
	name := segment.Name{Number: 1, Salt: 1}
	mark := record.Mark{Time: time.Unix(0, 0)}
	payload := record.AppendOpen(nil, mark, record.Open{Host: host, Version: host, BootID: host})
	first := len(payload)
	for _, i := range []record.Intent{
		{Tx: 1, Op: record.OpPut, Path: path, Payload: record.Inline([]byte(content))},
		{Tx: 1, Op: record.OpPut, Path: path, Payload: record.Payload{Kind: record.PayloadStaged, Name: staged}},
		{Tx: 1, Op: record.OpSymlink, Path: path, Payload: record.Inline([]byte(content))},
	} {
		payload = record.AppendIntent(payload, &i)
	}
	payload = record.AppendCommit(payload, record.Commit{Tx: 1, Intents: 3, Time: time.Unix(0, 0)}, bytes.Clone(payload[first:]))
	group := append(make([]byte, record.HeaderSize), payload...)
	record.Seal(group, name.Salt, 1, 0)
	for file, data := range map[string][]byte{
		filepath.Join("log", name.String(), segment.FileName): segment.AppendEntry(nil, group),
		"FORMAT": []byte("forewrite 2\nid 00c0ffee00c0ffee\n"),
	} {
		file = filepath.Join(j.Dir, file)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(j.Dir, "staging"), 0o700); err != nil {
		t.Fatal(err)
	}
	return j
}

// showAll runs everything that there is to show.
func showAll(t *testing.T, j *Journal, p *Printer, l *Lines) {
	t.Helper()
	status, err := j.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	status.Text(p, j)
	l.Line("status", status)
	check, err := j.Check(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	check.Text(p)
	for i := range check.Findings {
		l.Line("finding", &check.Findings[i])
	}
	dump := Dump{View: View{Content: "preview", Hex: true}}
	show := &DumpText{Printer: p}
	_, err = dump.Run(t.Context(), j, func(head GroupHead, entries []Entry) error {
		show.Group(head, entries)
		for i := range entries {
			l.Line("record", &entries[i])
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	tx, _, err := j.FindTx(t.Context(), 1, true)
	if err != nil {
		t.Fatal(err)
	}
	tx.Text(p)
	stats, _, err := j.Stats(t.Context(), 10)
	if err != nil {
		t.Fatal(err)
	}
	stats.Text(p)
	PlanText(p, status.Plan, status.Owner, nil)
	l.Line("plan", status.Plan)
	timeline, err := j.Timeline(t.Context(), 10, View{Content: "preview"})
	if err != nil {
		t.Fatal(err)
	}
	timeline.Text(p)
	var page bytes.Buffer
	if err := timeline.HTML(&page, j); err != nil {
		t.Fatal(err)
	}
	if i := strings.IndexFunc(page.String(), unprintable); i >= 0 {
		t.Errorf("byte %d of the page is not printable", i)
	}
	for _, bad := range []string{"<script", "<img", "ZgotmplZ"} {
		if strings.Contains(page.String(), bad) {
			t.Errorf("the page has %s", bad)
		}
	}
}
