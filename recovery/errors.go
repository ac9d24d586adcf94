package recovery

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/forewrite/forewrite/internal/layout"
	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
)

// Errors to test for with errors.Is. They are wrapped, with the particulars.
var (
	// ErrCorrupt is returned when acknowledged bytes of the journal are damaged or
	// missing.
	ErrCorrupt = errors.New("journal is corrupt")
	// ErrNoJournal is returned when the directory holds no journal.
	ErrNoJournal = layout.ErrNoJournal
	// ErrUnsafe is returned when the journal directory, or a part of it, is not a real
	// directory, or could have been written by another user.
	ErrUnsafe = layout.ErrUnsafe
)

// CorruptError says where the log is damaged. Nothing has been changed. [Salvage]
// recovers what comes before the damage. A CorruptError is [ErrCorrupt], and unwraps
// to the underlying error.
type CorruptError struct {
	Segment string     // name of the segment's directory; empty when the damage is not in a segment
	Offset  int64      // in the segment's file, in bytes
	LSN     record.LSN // of the group that must be there
	Err     error
}

// Error returns where the damage is, and what it is.
func (e *CorruptError) Error() string {
	if e.Segment == "" {
		return fmt.Sprintf("recovery: %v: %v; %s", ErrCorrupt, e.Err, corruptAdvice)
	}
	return fmt.Sprintf("recovery: %v: segment %s, offset %#x, group %d: %v; %s", ErrCorrupt, e.Segment, e.Offset, e.LSN, e.Err, corruptAdvice)
}

const corruptAdvice = "nothing was changed: copy the journal directory, then run journal-inspect check"

// Is reports whether target is [ErrCorrupt].
func (e *CorruptError) Is(target error) bool { return target == ErrCorrupt }

// Unwrap returns the underlying error.
func (e *CorruptError) Unwrap() error { return e.Err }

// FormatError says that a newer version of this module has written the journal. It
// unwraps to [record.ErrVersion].
type FormatError struct {
	Path string // of what has the newer format
	Err  error
}

// Error returns what is newer, and what to do.
func (e *FormatError) Error() string {
	return fmt.Sprintf("recovery: %s: %v; open it with the version of forewrite that wrote it, or a newer one", e.Path, e.Err)
}

// Unwrap returns the underlying error.
func (e *FormatError) Unwrap() error { return e.Err }

// formatError returns the error of this package for one of [layout.ReadFormat].
func formatError(dir *layout.Dir, err error) error {
	path := dir.Path(layout.FormatFile)
	switch {
	case errors.Is(err, record.ErrVersion):
		return &FormatError{Path: path, Err: err}
	case errors.Is(err, layout.ErrFormat):
		return &CorruptError{Err: fmt.Errorf("%s: %w", path, err)}
	}
	return fmt.Errorf("recovery: %w", err)
}

// endError returns the error for a log that ends in damage or a newer format.
func endError(logDir string, end segment.End) error {
	switch end.State {
	case segment.Corrupt:
		return &CorruptError{Segment: end.Segment.String(), Offset: end.Offset, LSN: end.LSN, Err: end.Err}
	case segment.Newer:
		return &FormatError{Path: filepath.Join(logDir, end.Segment.String()), Err: end.Err}
	}
	return nil
}
