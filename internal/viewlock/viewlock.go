// Package viewlock keeps readers in other processes apart from the owner of a journal
// while it applies transactions. It works with three lock files in the journal
// directory, which are made with it and never removed:
//
//   - VIEW is locked shared by a reader while it reads, exclusively by the owner while
//     it applies or recovers. An idle reader holds nothing.
//   - GATE is locked by a reader only while it acquires VIEW, and by an owner that has
//     to wait for VIEW, so that readers that follow each other don't keep the owner
//     waiting for ever.
//   - READY is locked by an owner that has recovered, for as long as it lives. A reader
//     that holds VIEW and finds READY locked sees whole transactions; if READY is free,
//     the log says whether the last owner closed the journal.
//
// VIEW also has content: how often the owner has gone on in spite of a reader, as a
// u64 at offset 8, since some systems don't let the first bytes of a locked file be
// read.
//
// # Locks
//
// A reader acquires GATE, then VIEW, and releases GATE. The owner acquires VIEW alone
// when it is free, else GATE, then VIEW.
package viewlock

import (
	"encoding/binary"
	"io"
	"os"
	"time"

	"github.com/forewrite/forewrite/internal/fsx"
)

// patience is how long the owner waits for readers. A reader that takes longer loses
// its view, and the owner goes on.
const patience = 2 * time.Second

const overrunsOffset = 8

func openLockFile(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE|fsx.NoFollow, 0o600)
}

func readOverruns(file *os.File) (uint64, error) {
	var b [8]byte
	if _, err := file.ReadAt(b[:], overrunsOffset); err != nil && err != io.EOF {
		return 0, err
	}
	return binary.LittleEndian.Uint64(b[:]), nil
}
