package record_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/forewrite/forewrite/journal/record"
)

var writeGolden = flag.Bool("write-golden", false, "write golden files that are missing")

const salt = 0x5f0c9a3be1d27784

var when = time.Unix(1735689600, 123456789).UTC()

var mark = record.Mark{CheckpointLSN: 41, LastTx: 99, Time: when}

// intentsV1 has one of every kind that version 1 had.
var intentsV1 = []record.Intent{
	{Tx: 7, Op: record.OpPut, Mode: 0o644, Path: "conf/app.toml", Payload: record.Inline([]byte("key = 1\n")),
		Replaced: record.Replaced{Kind: record.ReplacedFile, Size: 12, MTime: when.UnixNano()}},
	{Tx: 7, Op: record.OpPut, Mode: 0o600, Path: "empty", Payload: record.Inline([]byte{}),
		Replaced: record.Replaced{Kind: record.ReplacedNothing}},
	{Tx: 7, Op: record.OpPut, Mode: fs.ModeSetuid | 0o755, Path: "big", Payload: record.Payload{
		Kind: record.PayloadStaged, Name: "ABCDEFGH-1", Size: 1 << 40, Hash: 0xfedcba9876543210}},
	{Tx: 7, Op: record.OpPut, Mode: 0o644, Path: "moved", Payload: record.Payload{
		Kind: record.PayloadLinked, Name: "ABCDEFGH-2", Size: 5, MTime: -1}},
	{Tx: 7, Op: record.OpSymlink, Mode: 0o777, Path: "l", Payload: record.Inline([]byte("../elsewhere"))},
	{Tx: 7, Op: record.OpMkdir, Mode: fs.ModeSticky | 0o755, Path: "dir"},
	{Tx: 7, Op: record.OpRemove, Path: "old"},
	{Tx: 7, Op: record.OpRemoveAll, Path: "tree/" + strings.Repeat("deep/", 40) + "x"},
	{Tx: 7, Op: record.OpChmod, Mode: 0o400, Path: "ünïcode name"},
}

// intents has one of every kind.
var intents = append(slices.Clone(intentsV1), record.Intent{
	Tx: 7, Op: record.OpPut, Mode: 0o644, Path: "again", Payload: record.Inline([]byte("2")),
	Replaced: record.Replaced{Kind: record.ReplacedVersion, Size: 1 << 33, Hash: 0x0123456789abcdef}})

// group returns a sealed group with every kind of record.
func group() []byte {
	b := make([]byte, record.HeaderSize)
	b = record.AppendOpen(b, mark, record.Open{PID: 4321, BootID: "b00t", Host: "example", Version: "v1.0.0"})
	b = append(b, transaction(intents)...)
	b = record.AppendCheckpoint(b, mark)
	b = record.AppendClose(b, mark)
	record.Seal(b, salt, 42, 0x1122334455667788)
	return b
}

func transaction(intents []record.Intent) []byte {
	var b []byte
	for i := range intents {
		b = record.AppendIntent(b, &intents[i])
	}
	return record.AppendCommit(b, record.Commit{Tx: 7, Time: when, Intents: len(intents)}, b)
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	t.Parallel()
	h, payload, err := record.OpenGroup(group(), salt)
	if err != nil {
		t.Fatal(err)
	}
	if h.LSN != 42 || h.Prev != 0x1122334455667788 || h.Size() != len(group()) {
		t.Errorf("header: %+v", h)
	}
	c, err := record.Parse(payload)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Txs) != 1 || !c.Txs[0].Committed() || !reflect.DeepEqual(c.Txs[0].Intents, intents) {
		t.Errorf("transactions: %+v", c.Txs)
	}
	if got := c.Txs[0].Commit; got.Tx != 7 || !got.Time.Equal(when) || got.Intents != len(intents) {
		t.Errorf("commit: %+v", got)
	}
	var kinds []record.Kind
	for _, m := range c.Marks {
		kinds = append(kinds, m.Kind)
		if m.Mark != mark {
			t.Errorf("%s: %+v", m.Kind, m.Mark)
		}
	}
	if !reflect.DeepEqual(kinds, []record.Kind{record.KindOpen, record.KindCheckpoint, record.KindClose}) {
		t.Errorf("marks: %v", kinds)
	}
	if o := c.Marks[0].Open; o != (record.Open{PID: 4321, BootID: "b00t", Host: "example", Version: "v1.0.0"}) {
		t.Errorf("open: %+v", o)
	}
}

func TestRecordsTileThePayload(t *testing.T) {
	t.Parallel()
	_, payload, _ := record.OpenGroup(group(), salt)
	at := 0
	for r, err := range record.Records(payload) {
		if err != nil || r.Offset != at {
			t.Fatalf("record at %d, expected %d: %v", r.Offset, at, err)
		}
		at += r.Size
	}
	if at != len(payload) {
		t.Errorf("they end at %d of %d", at, len(payload))
	}
}

// TestGolden decodes groups that released versions have written. A file, once
// there, never changes.
func TestGolden(t *testing.T) {
	t.Parallel()
	newest := filepath.Join("testdata", fmt.Sprintf("v%d-all-records.hex", record.Version))
	if _, err := os.Stat(newest); errors.Is(err, fs.ErrNotExist) && *writeGolden {
		if err := os.WriteFile(newest, []byte(hex.Dump(group())), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for version, want := range map[byte][]record.Intent{1: intentsV1, 2: intents} {
		text, err := os.ReadFile(filepath.Join("testdata", fmt.Sprintf("v%d-all-records.hex", version)))
		if err != nil {
			t.Fatal(err)
		}
		golden := undump(t, string(text))
		_, payload, err := record.OpenGroup(golden, salt)
		if err != nil || golden[3] != version {
			t.Fatalf("version %d can't be read any more: %v", version, err)
		}
		c, err := record.Parse(payload)
		if err != nil || len(c.Txs) != 1 || !reflect.DeepEqual(c.Txs[0].Intents, want) {
			t.Errorf("version %d is read as %+v, %v", version, c.Txs, err)
		}
		if version == record.Version && !bytes.Equal(golden, group()) {
			t.Errorf("the same records are written differently now:\n%s", hex.Dump(group()))
		}
	}
}

// undump is the inverse of hex.Dump.
func undump(t *testing.T, text string) []byte {
	var b []byte
	for line := range strings.Lines(text) {
		if len(line) < 58 {
			continue
		}
		part, err := hex.DecodeString(strings.ReplaceAll(line[10:58], " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		b = append(b, part...)
	}
	return b
}

func TestEveryFlippedBitOfAGroupIsFound(t *testing.T) {
	t.Parallel()
	g := group()
	for bit := range len(g) * 8 {
		g[bit/8] ^= 1 << (bit % 8)
		if _, _, err := record.OpenGroup(g, salt); err == nil {
			t.Errorf("bit %d", bit)
		}
		g[bit/8] ^= 1 << (bit % 8)
	}
	for n := range len(g) {
		if _, _, err := record.OpenGroup(g[:n], salt); err == nil {
			t.Errorf("cut to %d bytes", n)
		}
	}
	if _, _, err := record.OpenGroup(g, salt+1); !errors.Is(err, record.ErrHash) {
		t.Errorf("with another salt: %v", err)
	}
}

func TestGroupErrorsSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name  string
		spoil func(g []byte) []byte
		want  error
	}{
		{"no magic", func(g []byte) []byte { g[0] = 'f'; return g }, record.ErrMagic},
		{"newer version", func(g []byte) []byte { g[3]++; return g }, record.ErrVersion},
		{"too short for a header", func(g []byte) []byte { return g[:31] }, record.ErrLength},
		{"payload missing", func(g []byte) []byte { return g[:len(g)-1] }, record.ErrLength},
		{"bytes after it", func(g []byte) []byte { return append(g, 0) }, record.ErrLength},
		{"changed payload", func(g []byte) []byte { g[40]++; return g }, record.ErrHash},
	}
	for _, c := range cases {
		if _, _, err := record.OpenGroup(c.spoil(group()), salt); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestMalformedRecordsAreRefused(t *testing.T) {
	t.Parallel()
	intent := func(change func(*record.Intent)) []byte {
		i := intents[0]
		change(&i)
		return record.AppendIntent(nil, &i)
	}
	put := intent(func(*record.Intent) {})
	staged := func(name string) []byte {
		return intent(func(i *record.Intent) { i.Payload = record.Payload{Kind: record.PayloadStaged, Name: name} })
	}
	cases := map[string][]byte{
		"kind 0":                       {0, 0},
		"unknown kind":                 {77, 0},
		"no length":                    {2},
		"length past the end":          {2, 200},
		"length of ten bytes":          append([]byte{2}, bytes.Repeat([]byte{0xff}, 9)...),
		"length not in shortest form":  {4, 0x80, 0},
		"empty body":                   {2, 0},
		"body too long":                append([]byte{2, put[1] + 1}, append(bytes.Clone(put[2:]), 0)...),
		"body too short":               append([]byte{2, put[1] - 1}, put[2:len(put)-1]...),
		"transaction 0":                intent(func(i *record.Intent) { i.Tx = 0 }),
		"absolute path":                intent(func(i *record.Intent) { i.Path = "/etc/passwd" }),
		"path out of the root":         intent(func(i *record.Intent) { i.Path = "../x" }),
		"path with dots inside":        intent(func(i *record.Intent) { i.Path = "a/../../x" }),
		"the root":                     intent(func(i *record.Intent) { i.Path = "." }),
		"empty path":                   intent(func(i *record.Intent) { i.Path = "" }),
		"NUL in a path":                intent(func(i *record.Intent) { i.Path = "a\x00" }),
		"invalid UTF-8":                intent(func(i *record.Intent) { i.Path = "a\xff" }),
		"mode out of range":            bytes.Replace(put, []byte{0xa4, 0x03}, []byte{0x80, 0x20}, 1),
		"unknown op":                   intent(func(i *record.Intent) { i.Op = 9 }),
		"unknown replaced":             intent(func(i *record.Intent) { i.Replaced.Kind = 9 }),
		"unknown payload":              intent(func(i *record.Intent) { i.Payload.Kind = 9 }),
		"put of nothing":               intent(func(i *record.Intent) { i.Payload = record.Payload{} }),
		"remove with a payload":        intent(func(i *record.Intent) { i.Op = record.OpRemove }),
		"symlink to a staged file":     intent(func(i *record.Intent) { i.Op, i.Payload = record.OpSymlink, intents[2].Payload }),
		"staging name out of staging":  staged("../../x"),
		"staging name with a slash":    staged("a/b"),
		"staging name is the folder":   staged("."),
		"staging name on another disk": staged(`c:x`),
		"empty staging name":           staged(""),
	}
	for name, payload := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := record.Parse(payload)
			if !errors.Is(err, record.ErrFormat) {
				t.Errorf("%v", err)
			}
		})
	}
	t.Run("inline payload that does not match its hash", func(t *testing.T) {
		t.Parallel()
		bad := intent(func(i *record.Intent) { i.Payload.Hash++ })
		if _, err := record.Parse(bad); !errors.Is(err, record.ErrHash) {
			t.Errorf("%v", err)
		}
	})
}

func TestGrammarOfTransactions(t *testing.T) {
	t.Parallel()
	first, second := intents[:1], []record.Intent{{Tx: 8, Op: record.OpRemove, Path: "x"}}
	bare := record.AppendIntent(nil, &second[0])
	committed := transaction(first)
	commitOf := func(tx record.TxID, n int, intents []byte) []byte {
		return record.AppendCommit(bytes.Clone(intents), record.Commit{Tx: tx, Time: when, Intents: n}, intents)
	}
	cases := []struct {
		name    string
		payload []byte
		want    string // committed and uncommitted transactions, or an error
	}{
		{"nothing", nil, "[]"},
		{"one", committed, "[7]"},
		{"without a commit record", bare, "[(8)]"},
		{"unfinished, then finished", append(bytes.Clone(bare), committed...), "[(8) 7]"},
		{"commit without intents", commitOf(7, 0, nil), "error"},
		{"commit of another transaction", commitOf(9, 1, bare), "error"},
		{"commit counts wrong", commitOf(8, 2, bare), "error"},
		{"commit with another hash", record.AppendCommit(bytes.Clone(bare), record.Commit{Tx: 8, Time: when, Intents: 1}, committed), "error"},
		{"commit twice", append(commitOf(8, 1, bare), commitOf(8, 0, nil)...), "error"},
		{"a mark inside", append(record.AppendCheckpoint(bytes.Clone(bare), mark), commitOf(8, 0, nil)...), "error"},
	}
	for _, c := range cases {
		content, err := record.Parse(c.payload)
		got := "error"
		if err == nil {
			var ids []string
			for _, tx := range content.Txs {
				id := fmt.Sprint(tx.ID)
				if !tx.Committed() {
					id = "(" + id + ")"
				}
				ids = append(ids, id)
			}
			got = fmt.Sprint(ids)
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s (%v)", c.name, got, c.want, err)
		}
	}
}

func TestEncodingDoesNotAllocate(t *testing.T) {
	buf := make([]byte, 0, 64<<10)
	allocs := testing.AllocsPerRun(100, func() {
		b := buf[:record.HeaderSize]
		b = record.AppendOpen(b, mark, record.Open{PID: 1, BootID: "b", Host: "h", Version: "v"})
		at := len(b)
		for i := range intents {
			b = record.AppendIntent(b, &intents[i])
		}
		b = record.AppendCommit(b, record.Commit{Tx: 7, Time: when, Intents: len(intents)}, b[at:])
		b = record.AppendClose(record.AppendCheckpoint(b, mark), mark)
		record.Seal(b, salt, 1, 0)
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

func TestDecodingAllocatesNoMoreThanItsInput(t *testing.T) {
	for name, payload := range map[string][]byte{
		"all records":           group()[record.HeaderSize:],
		"lengths without bytes": bytes.Repeat([]byte{2, 0xff, 0xff, 0xff, 0x7f}, 1000),
		"garbage":               bytes.Repeat([]byte{2, 9, 1, 1, 0xa4, 3, 1, 'x', 0, 3, 0xff}, 1000),
	} {
		const runs = 100
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range runs {
			for range record.Records(payload) {
			}
		}
		runtime.ReadMemStats(&after)
		if got := (after.TotalAlloc - before.TotalAlloc) / runs; got > uint64(len(payload))+512 { // 512: an error's text
			t.Errorf("%s: %d bytes for an input of %d", name, got, len(payload))
		}
	}
}

func TestEveryModeRoundTrips(t *testing.T) {
	t.Parallel()
	for _, special := range []fs.FileMode{0, fs.ModeSetuid, fs.ModeSetgid, fs.ModeSticky, fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky} {
		for perm := fs.FileMode(0); perm <= 0o777; perm++ {
			want := record.Intent{Tx: 1, Op: record.OpChmod, Mode: special | perm, Path: "f"}
			buf := record.AppendIntent(nil, &want)
			buf = record.AppendCommit(buf, record.Commit{Tx: 1, Time: time.Unix(0, 0), Intents: 1}, buf)
			content, err := record.Parse(buf)
			if err != nil {
				t.Fatalf("%v: %v", want.Mode, err)
			}
			if got := content.Txs[0].Intents[0].Mode; got != want.Mode {
				t.Fatalf("%v became %v", want.Mode, got)
			}
		}
	}
}
