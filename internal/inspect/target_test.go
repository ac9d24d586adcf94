package inspect

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/forewrite/forewrite/internal/inspect/inspecttest"
	"github.com/forewrite/forewrite/internal/layout"
	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
)

// What is at a path is compared with all that the log knows of it.
func TestTargetsAreRecognised(t *testing.T) {
	t.Parallel()
	file := func(text string) func(string) error {
		return func(p string) error { return os.WriteFile(p, []byte(text), 0o644) }
	}
	dated := func(text string, date time.Time) func(string) error {
		return func(p string) error {
			if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
				return err
			}
			return os.Chtimes(p, date, date)
		}
	}
	mkdir := func(p string) error { return os.Mkdir(p, 0o755) }
	link := func(to string) func(string) error { return func(p string) error { return os.Symlink(to, p) } }
	nothing := func(string) error { return nil }

	for _, tt := range []struct {
		name   string
		script string // tx 2 is looked at, its first update
		make   func(path string) error
		want   State
		by     record.TxID
		health Health
	}{
		{"put", "tx 2 put a two\nclose", file("two"), AsWritten, 2, Healthy},
		{"put of nothing", "tx 2 put a \"\"\nclose", file(""), AsWritten, 2, Healthy},
		{"same size", "tx 2 put a two\nclose", file("owt"), Other, 0, Foreign},
		{"earlier", "tx 1 put a one\ntx 2 put a two\nclose", file("one"), Earlier, 1, Healthy},
		{"later", "tx 2 put a two\ntx 3 put a three\nclose", file("three"), Later, 3, Healthy},
		{"the same content later again", "tx 2 put a two\ntx 3 put a three\ntx 4 put a two\nclose", file("two"), AsWritten, 2, Healthy},
		{"removed later", "tx 2 put a two\ntx 3 remove a\nclose", nothing, Later, 3, Healthy},
		{"missing", "tx 2 put a two\nclose", nothing, Missing, 0, Foreign},
		{"missing, to be redone", "tx 2 put a two", nothing, Missing, 0, Healthy},
		{"never committed", "draft 2 put a two", file("x"), Other, 0, Healthy},
		{"directory in the way", "tx 2 put a two\nclose", mkdir, Other, 0, Foreign},
		{"link in the way", "tx 2 put a two\nclose", link("b"), Other, 0, Foreign},
		{"staged", "tx 2 staged a s-1 two\nclose", file("two"), AsWritten, 2, Healthy},
		{"linked", "tx 2 linked a s-1 two\nclose", dated("two", inspecttest.Start), AsWritten, 2, Healthy},
		{"linked, edited since", "tx 2 linked a s-1 two\nclose", file("owt"), Other, 0, Foreign},
		{"symlink", "tx 2 symlink a elsewhere\nclose", link("elsewhere"), AsWritten, 2, Healthy},
		{"symlink to something else", "tx 2 symlink a elsewhere\nclose", link("b"), Other, 0, Foreign},
		{"file where a symlink was", "tx 2 symlink a two\nclose", file("two"), Other, 0, Foreign},
		{"mkdir", "tx 2 mkdir a\nclose", mkdir, AsWritten, 2, Healthy},
		{"remove", "tx 2 remove a\nclose", nothing, AsWritten, 2, Healthy},
		{"removed and made again", "tx 2 remove a\nclose", file("x"), Other, 0, Foreign},
		{"chmod", "tx 1 put a one\ntx 2 chmod a 644\nclose", file("one"), AsWritten, 2, Healthy},
		{"chmod of what was edited", "tx 1 put a one\ntx 2 chmod a 644\nclose", file("x"), Other, 0, Foreign},
		{"chmod of what the log does not know", "tx 2 chmod a 644\nclose", file("x"), AsWritten, 2, Healthy},
		{"put after such a chmod", "tx 1 chmod a 644\ntx 2 put a two\nclose", file("x"), Other, 0, Foreign},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			j := change(t, "open\n"+tt.script)
			if err := tt.make(filepath.Join(j.Root, "a")); err != nil {
				t.Fatal(err)
			}
			tx, _, err := j.FindTx(t.Context(), 2, true)
			if err != nil {
				t.Fatal(err)
			}
			if got := tx.Updates[0].Target; got.State != tt.want || got.By != tt.by || tx.Health() != tt.health {
				t.Errorf("%+v, %s; want %s by tx %d, %s", got, tx.Health(), tt.want, tt.by, tt.health)
			}
		})
	}
}

// What an intent replaced is known by size and time, or by its hash.
func TestReplacedVersionsAreRecognised(t *testing.T) {
	t.Parallel()
	replaced := record.Replaced{Kind: record.ReplacedFile, Size: 3, MTime: inspecttest.Start.UnixNano()}
	v := Version{LSN: 1, Intent: record.Intent{Tx: 1, Op: record.OpPut, Path: "a", Replaced: replaced, Payload: record.Inline([]byte("new"))}}
	for _, tt := range []struct {
		replaced record.Replaced
		found    Found
		want     State
	}{
		{replaced, Found{Kind: kindFile, Size: 3, MTime: inspecttest.Start}, Earlier},
		{replaced, Found{Kind: kindFile, Size: 3, MTime: inspecttest.Start.Add(1)}, Other},
		{replaced, Found{Kind: kindFile, Size: 4, MTime: inspecttest.Start}, Other},
		{replaced, Found{Kind: kindNothing}, Missing},
		{record.Replaced{Kind: record.ReplacedVersion, Size: 3, Hash: 1}, Found{Kind: kindFile, Size: 3}, Earlier},
		{record.Replaced{Kind: record.ReplacedVersion, Size: 3, Hash: 2}, Found{Kind: kindFile, Size: 3}, Other},
		{record.Replaced{Kind: record.ReplacedVersion, Size: 4, Hash: 1}, Found{Kind: kindFile, Size: 3}, Other},
		{record.Replaced{Kind: record.ReplacedNothing}, Found{Kind: kindNothing}, Earlier},
		{record.Replaced{}, Found{Kind: kindNothing}, Missing},
	} {
		v.Replaced = tt.replaced
		h := newHistory("a")
		h.addIntent(v)
		f := tt.found
		f.path, f.hashed, f.hash = "a", true, 1
		if got := h.Match(t.Context(), &f, &v); got.State != tt.want {
			t.Errorf("%+v replaced by %+v: %+v, want %s", tt.found, tt.replaced, got, tt.want)
		}
	}
}

// A named pipe where a staged file or a target should be does not block.
func TestNamedPipesDoNotBlock(t *testing.T) {
	t.Parallel()
	j := change(t, "open\ntx 1 staged a s-1 one")
	staged := filepath.Join(j.path(layout.StagingDir), "s-1")
	if err := os.Remove(staged); err != nil {
		t.Fatal(err)
	}
	for _, fifo := range []string{staged, filepath.Join(j.Root, "a")} {
		if err := mkfifo(fifo); err != nil {
			t.Skipf("no named pipes here: %v", err)
		}
	}
	c, err := j.Check(t.Context(), true)
	if err != nil || !slices.Equal(codesOf(c), []Code{toRedo, stagedDamaged, fileUnknown}) {
		t.Errorf("%+v, %v; want JI102, JI202 and JI301", c.Findings, err)
	}
}

// Reading a large file ends when its context does.
func TestReadingAFileCanBeInterrupted(t *testing.T) {
	t.Parallel()
	j := build(t, "open\ntx 1 put a one ; staged b s-1 two", map[string]string{"a": "one"})
	tree, err := j.OpenTree()
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := tree.lookAndRead(ctx, "a"); !errors.Is(err, context.Canceled) {
		t.Errorf("a file of the tree: %v", err)
	}
	staged := Version{Intent: record.Intent{Payload: record.Payload{Kind: record.PayloadStaged, Name: "s-1", Size: 3}}}
	if err := j.CopyPayload(ctx, io.Discard, &staged, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a staged file: %v", err)
	}
}

func TestAMissingLogDirectoryIsCorruption(t *testing.T) {
	t.Parallel()
	j := change(t, "open\nclose")
	if err := os.RemoveAll(j.log()); err != nil {
		t.Fatal(err)
	}
	c, err := j.Check(t.Context(), false)
	if err != nil || c.Health != Corrupt || c.Findings[0].Code != "JI005" {
		t.Errorf("%+v, %v; want JI005", c, err)
	}
	s, err := j.Status(t.Context())
	if err != nil || s.Health != Corrupt {
		t.Errorf("%+v, %v; want corrupt", s, err)
	}
}

func TestAMissingStagingDirectoryLosesPayloads(t *testing.T) {
	t.Parallel()
	j := change(t, "open\ntx 1 staged a s-1 one ; put b two")
	if err := os.RemoveAll(j.path(layout.StagingDir)); err != nil {
		t.Fatal(err)
	}
	c, err := j.Check(t.Context(), false)
	if err != nil || c.Health != Corrupt || c.Findings[len(c.Findings)-1].Code != "JI201" {
		t.Errorf("%+v, %v; want JI201", c, err)
	}
}

// However many segments there are, the newest and the damaged ones are shown.
func TestOneScreenOfSegments(t *testing.T) {
	t.Parallel()
	var segments []Segment
	for n := range 40 {
		e := Segment{Name: segment.Name{Number: uint64(n + 1)}, Size: 10, Spans: []Span{{Kind: "groups", Length: 5}, {Kind: "zero", Offset: 5, Length: 5}}}
		if n == 7 {
			e.Spans[1].Kind = "unknown"
		}
		segments = append(segments, e)
	}
	shown, omitted := ShortList(segments)
	if len(shown) != maxSegments+1 || omitted != 40-maxSegments-1 || shown[0].Name.Number != 8 || shown[maxSegments].Name.Number != 40 {
		t.Errorf("%d shown, %d omitted: %+v", len(shown), omitted, shown)
	}
	if shown, omitted := ShortList(segments[:3]); len(shown) != 3 || omitted != 0 {
		t.Errorf("of three, %d are shown", len(shown))
	}
}
