package fuzz

import (
	"bytes"
	"errors"
	"io/fs"
	"testing"
	"time"

	"github.com/forewrite/forewrite/journal/record"
)

// samplePayloads are payloads of groups with every kind of record.
func samplePayloads() [][]byte {
	now := time.Unix(1_700_000_000, 5)
	mark := record.Mark{CheckpointLSN: 3, LastTx: 9, Time: now}
	intents := []record.Intent{
		{Tx: 7, Op: record.OpPut, Mode: 0o644, Path: "conf/app.toml", Payload: record.Inline([]byte("port = 1\n")),
			Replaced: record.Replaced{Kind: record.ReplacedFile, Size: 5, MTime: now.UnixNano()}},
		{Tx: 7, Op: record.OpPut, Mode: 0o600, Path: "big", Payload: record.Payload{Kind: record.PayloadStaged, Name: "x-1", Size: 1 << 20, Hash: 77}},
		{Tx: 7, Op: record.OpPut, Mode: 0o600, Path: "moved", Payload: record.Payload{Kind: record.PayloadLinked, Name: "x-2", Size: 3, MTime: 8}},
		{Tx: 7, Op: record.OpSymlink, Mode: 0o777, Path: "l", Payload: record.Inline([]byte("../x"))},
		{Tx: 7, Op: record.OpMkdir, Mode: 0o755, Path: "d"},
		{Tx: 7, Op: record.OpRemove, Path: "gone"},
		{Tx: 7, Op: record.OpRemoveAll, Path: "tree"},
		{Tx: 7, Op: record.OpChmod, Mode: fs.ModeSetuid | 0o755, Path: "d/e"},
	}
	var tx []byte
	for i := range intents {
		tx = record.AppendIntent(tx, &intents[i])
	}
	whole := record.AppendCommit(bytes.Clone(tx), record.Commit{Tx: 7, Time: now, Intents: len(intents)}, tx)
	return [][]byte{
		record.AppendOpen(nil, mark, record.Open{PID: 1, BootID: "boot", Host: "host", Version: "v1"}),
		record.AppendCheckpoint(nil, mark), record.AppendClose(nil, mark), tx, whole, append(bytes.Clone(whole), whole...),
	}
}

// FuzzDecode: whatever the bytes are, decoding ends in a typed error or in records
// that encode to the same bytes.
func FuzzDecode(f *testing.F) {
	for _, p := range samplePayloads() {
		f.Add(p)
		f.Add(p[:len(p)-1])
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, payload []byte) {
		for r, err := range record.Records(payload) {
			if err != nil {
				if !errors.Is(err, record.ErrFormat) && !errors.Is(err, record.ErrHash) {
					t.Fatalf("error of no known kind: %v", err)
				}
				break
			}
			got := payload[r.Offset : r.Offset+r.Size]
			var want []byte
			switch r.Kind {
			case record.KindOpen:
				want = record.AppendOpen(nil, r.Mark, r.Open)
			case record.KindCheckpoint:
				want = record.AppendCheckpoint(nil, r.Mark)
			case record.KindClose:
				want = record.AppendClose(nil, r.Mark)
			case record.KindIntent:
				want = record.AppendIntent(nil, &r.Intent)
			case record.KindCommit:
				want = got // its hash is over what comes before it; Parse checks that
			}
			if !bytes.Equal(got, want) {
				t.Fatalf("%s record decoded from %x encodes as %x", r.Kind, got, want)
			}
		}
		checkParse(t, payload)
	})
}

// checkParse encodes whole transactions again.
func checkParse(t *testing.T, payload []byte) {
	c, err := record.Parse(payload)
	if err != nil {
		return
	}
	for _, tx := range c.Txs {
		if !tx.Committed() {
			continue
		}
		var intents []byte
		for i := range tx.Intents {
			intents = record.AppendIntent(intents, &tx.Intents[i])
			if p := tx.Intents[i].Path; !record.ValidPath(p) {
				t.Fatalf("path %q was let through", p)
			}
		}
		if again := record.AppendCommit(intents, tx.Commit, intents); !bytes.Contains(payload, again) {
			t.Fatalf("transaction %d encodes as something else", tx.ID)
		}
	}
}
