package inspect_test

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

	"github.com/forewrite/forewrite/internal/inspect"
	"github.com/forewrite/forewrite/internal/inspect/ndjson"
	"github.com/forewrite/forewrite/internal/inspect/page"
	"github.com/forewrite/forewrite/internal/inspect/text"
	"github.com/forewrite/forewrite/internal/layout"
	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
)

// FuzzHostileJournal checks that, whatever names and texts a journal holds, what is
// shown of it is printable, JSON is valid, and the page has no element from them.
func FuzzHostileJournal(f *testing.F) {
	f.Add("evil\x1b[31m", "s-1\x07", "host\x1b]0;title\a", "text\x1b[2J")
	f.Add("a\u202eb/\u009b31m", "\u2028", "\xff\xfe", "<script>alert(1)</script>")
	f.Add(`"quoted"\n`, `s&amp;`, "", "\x00\x01")
	f.Add("<img src=x onerror=alert(1)>", "\U000e0041", "\U0001f4a9", "{{.}}")
	f.Fuzz(func(t *testing.T, path, staged, host, content string) {
		if !record.ValidPath(path) || !record.ValidName(staged) || len(host) > 1<<10 {
			t.Skip("no writer and no reader accepts such a record")
		}
		j := hostileJournal(t, path, staged, host, content)
		var shown, lines bytes.Buffer
		p, w := text.NewPrinter(&shown, false), ndjson.NewWriter(&lines)
		w.Header("test", j)
		showAll(t, j, p, w)
		if err := p.Flush(); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		for _, out := range []string{shown.String(), lines.String()} {
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

func hostileJournal(t *testing.T, path, staged, host, content string) *inspect.Journal {
	t.Helper()
	j := &inspect.Journal{Root: t.TempDir()}
	j.Dir = filepath.Join(j.Root, layout.DefaultDir)
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
		filepath.Join(layout.LogDir, name.String(), segment.FileName): segment.AppendEntry(nil, group),
		layout.FormatFile: []byte(layout.Format{Version: record.Version, ID: 1}.String()),
	} {
		file = filepath.Join(j.Dir, file)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(j.Dir, layout.StagingDir), 0o700); err != nil {
		t.Fatal(err)
	}
	return j
}

// showAll renders everything that there is to show.
func showAll(t *testing.T, j *inspect.Journal, p *text.Printer, w *ndjson.Writer) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	status, err := j.Status(t.Context())
	must(err)
	text.Status(p, j, status)
	w.Write(status)
	text.Plan(p, status.Plan)
	w.Write(status.Plan.Report)

	check, err := j.Check(t.Context(), true)
	must(err)
	text.Check(p, check)
	for i := range check.Findings {
		w.Write(&check.Findings[i])
	}

	dump := inspect.Dump{Bytes: inspect.Bytes{Content: "preview", Hex: true}}
	groups := text.NewDump(p)
	_, err = dump.Run(t.Context(), j, func(g inspect.Group) error {
		groups.Group(&g)
		for i := range g.Records {
			w.Write(&g.Records[i])
		}
		return nil
	})
	must(err)

	tx, _, err := j.FindTx(t.Context(), 1, true)
	must(err)
	text.Tx(p, tx)
	w.Write(tx.TxHead)
	stats, _, err := j.Stats(t.Context(), 10)
	must(err)
	text.Stats(p, stats)

	timeline, err := j.Timeline(t.Context(), 10, inspect.Bytes{Content: "preview"})
	must(err)
	text.Timeline(p, timeline)
	var html bytes.Buffer
	must(page.Write(&html, j, timeline))
	if i := strings.IndexFunc(html.String(), unprintable); i >= 0 {
		t.Errorf("byte %d of the page is not printable", i)
	}
	for _, bad := range []string{"<script", "<img", "ZgotmplZ"} {
		if strings.Contains(html.String(), bad) {
			t.Errorf("the page has %s", bad)
		}
	}
}
