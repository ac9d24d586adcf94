// Package segmenttest writes logs by hand, for tests of what reads them.
package segmenttest

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
)

// Time is the time of every record, unless Builder.Now says otherwise.
var Time = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// Builder writes segments and groups as the journal does, but byte by byte the same
// each time.
type Builder struct {
	Dir  string // the log directory
	Now  time.Time
	Name segment.Name // of the current segment
	LSN  record.LSN   // of the last group
	Prev uint64       // its hash
	Ends []int64      // where the entries of the current segment end

	t    testing.TB
	data []byte // of the current segment
	fill int
}

// New makes the log directory and returns a builder without a segment.
func New(t testing.TB, dir string) *Builder {
	t.Helper()
	b := &Builder{Dir: dir, Now: Time, t: t}
	b.check(os.MkdirAll(dir, 0o700))
	return b
}

// Segment begins the next segment, followed by fill zeroes.
func (b *Builder) Segment(fill int) *Builder {
	b.t.Helper()
	b.Name = segment.Name{Number: b.Name.Number + 1, Salt: 0x9e3779b97f4a7c15 * (b.Name.Number + 1)}
	b.data, b.Ends, b.fill = nil, nil, fill
	b.check(os.Mkdir(filepath.Join(b.Dir, b.Name.String()), 0o700))
	b.write()
	return b
}

// Group appends a group with this payload.
func (b *Builder) Group(payload []byte) *Builder {
	b.t.Helper()
	group := append(make([]byte, record.HeaderSize), payload...)
	b.LSN++
	b.Prev = record.Seal(group, b.Name.Salt, b.LSN, b.Prev)
	return b.Raw(segment.AppendEntry(nil, group))
}

// Raw appends bytes to the segment's entries.
func (b *Builder) Raw(entry []byte) *Builder {
	b.t.Helper()
	b.data = append(b.data, entry...)
	b.Ends = append(b.Ends, int64(len(b.data)))
	b.write()
	return b
}

// Open appends a group with an open record.
func (b *Builder) Open(checkpointed record.LSN, last record.TxID) *Builder {
	b.t.Helper()
	return b.Group(record.AppendOpen(nil, b.mark(checkpointed, last), record.Open{PID: 7, BootID: "boot", Host: "host", Version: "test"}))
}

// Checkpoint appends a group with a checkpoint record.
func (b *Builder) Checkpoint(checkpointed record.LSN, last record.TxID) *Builder {
	b.t.Helper()
	return b.Group(record.AppendCheckpoint(nil, b.mark(checkpointed, last)))
}

// Close appends a group with a close record.
func (b *Builder) Close(checkpointed record.LSN, last record.TxID) *Builder {
	b.t.Helper()
	return b.Group(record.AppendClose(nil, b.mark(checkpointed, last)))
}

// Tx appends a group with one committed transaction.
func (b *Builder) Tx(id record.TxID, intents ...record.Intent) *Builder {
	b.t.Helper()
	return b.Group(b.AppendTx(nil, id, intents...))
}

// AppendTx appends the records of a committed transaction to payload.
func (b *Builder) AppendTx(payload []byte, id record.TxID, intents ...record.Intent) []byte {
	at := len(payload)
	for _, i := range intents {
		i.Tx = id
		payload = record.AppendIntent(payload, &i)
	}
	return record.AppendCommit(payload, record.Commit{Tx: id, Time: b.Now, Intents: len(intents)}, payload[at:])
}

// Path returns the path of the current segment's file.
func (b *Builder) Path() string { return segment.Path(b.Dir, b.Name) }

func (b *Builder) mark(checkpointed record.LSN, last record.TxID) record.Mark {
	return record.Mark{CheckpointLSN: checkpointed, LastTx: last, Time: b.Now}
}

func (b *Builder) write() {
	b.t.Helper()
	content := append(b.data[:len(b.data):len(b.data)], make([]byte, b.fill)...)
	b.check(os.WriteFile(b.Path(), content, 0o600))
}

func (b *Builder) check(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// Put is an intent that puts a file.
func Put(path, content string) record.Intent {
	return record.Intent{Op: record.OpPut, Mode: 0o644, Path: path, Payload: record.Inline([]byte(content))}
}
