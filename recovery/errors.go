package recovery

import (
	"errors"
	"fmt"

	"github.com/forewrite/forewrite/internal/layout"
	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
)

// Errors to test for with errors.Is. They come wrapped with what happened.
var (
	// ErrCorrupt: bytes that the journal had acknowledged are damaged or missing.
	ErrCorrupt = errors.New("journal is corrupt")
	// ErrNoJournal: there is no journal in the directory.
	ErrNoJournal = layout.ErrNoJournal
	// ErrUnsafe: a part of the journal directory is not what it must be, a
	// symbolic link for instance.
	ErrUnsafe = layout.ErrUnsafe
)

// CorruptError tells where the log is damaged. Everything is still as it was
// found. It is ErrCorrupt, and unwraps to the cause.
type CorruptError struct {
	Segment string     // name of the segment's directory; empty when the damage is not in one
	Offset  int64      // in bytes, within the segment's file
	LSN     record.LSN // of the group that should stand there
	Err     error
}

func (e *CorruptError) Error() string {
	if e.Segment == "" {
		return fmt.Sprintf("recovery: %v: %v", ErrCorrupt, e.Err)
	}
	return fmt.Sprintf("recovery: %v: segment %s, offset %d, group %d: %v", ErrCorrupt, e.Segment, e.Offset, e.LSN, e.Err)
}

// Is reports whether target is ErrCorrupt.
func (e *CorruptError) Is(target error) bool { return target == ErrCorrupt }

// Unwrap returns the cause.
func (e *CorruptError) Unwrap() error { return e.Err }

func corrupt(end segment.End) *CorruptError {
	return &CorruptError{Segment: end.Segment.String(), Offset: end.Offset, LSN: end.LSN, Err: end.Err}
}

// FormatError refuses a journal that a newer version of this module has written.
// It unwraps to record.ErrVersion.
type FormatError struct {
	Path string // of what is newer
	Err  error
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("recovery: %s: %v; open it with the version of forewrite that wrote it, or a newer one", e.Path, e.Err)
}

// Unwrap returns the cause.
func (e *FormatError) Unwrap() error { return e.Err }
