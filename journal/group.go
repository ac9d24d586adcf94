package journal

import (
	"os"
	"runtime/debug"
	"slices"
	"sync"

	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/internal/logwriter"
	"github.com/forewrite/forewrite/journal/record"
)

// groupWriter writes batches of requests to the log, one group each. The leader of the
// pipeline uses it.
type groupWriter struct {
	log      *logwriter.Writer
	state    *state
	openMark func() record.Mark // for the open record
	stats    *stats

	opened bool   // the open record is logged
	buf    []byte // of the group
}

// write writes the batch as one group. Once writing has begun, an error poisons the
// journal; before, nothing has happened.
func (w *groupWriter) write(batch []*request) (record.LSN, error) {
	if err := w.state.poisoned(); err != nil {
		return 0, err
	}
	if !w.opened {
		if err := w.begin(); err != nil {
			return 0, err
		}
	}
	group := append(w.buf[:0], make([]byte, record.HeaderSize)...)
	for _, r := range batch {
		group = append(group, r.records...)
		recycle(r.records)
		r.records = nil
	}
	w.buf = group
	if len(group) == record.HeaderSize { // they only read
		return w.log.LastLSN(), nil
	}
	return w.append(group, batch[0].checkpoint) // then it is the only one
}

func (w *groupWriter) append(group []byte, onlyMark bool) (record.LSN, error) {
	if err := w.log.Reserve(len(group), onlyMark); err != nil {
		return 0, err
	}
	lsn, err := w.log.Append(group)
	if err != nil {
		return 0, w.state.poison(err)
	}
	w.stats.group(len(group))
	return lsn, nil
}

// begin logs the open record, which comes before the session's first transaction.
func (w *groupWriter) begin() error {
	host, _ := os.Hostname() // for people to read; without it nothing changes
	o := record.Open{PID: os.Getpid(), BootID: fsx.BootID(), Host: host, Version: moduleVersion()}
	_, err := w.append(record.AppendOpen(make([]byte, record.HeaderSize), w.openMark(), o), true)
	w.opened = err == nil
	return err
}

// moduleVersion is what the open record says of the program that wrote it.
func moduleVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path == "github.com/forewrite/forewrite" {
			return m.Version
		}
	}
	return info.Main.Path
}

// recordBuffers hold records from when they are encoded until they are part of a
// group.
var recordBuffers = sync.Pool{New: func() any { return new([]byte) }}

// newRecords returns an empty buffer with room for size bytes.
func newRecords(size int) []byte {
	return slices.Grow(*recordBuffers.Get().(*[]byte), size)
}

// recycle returns the buffer of records that were copied, for another use.
func recycle(records []byte) {
	if 0 < cap(records) && cap(records) <= maxGroup {
		records = records[:0]
		recordBuffers.Put(&records)
	}
}
