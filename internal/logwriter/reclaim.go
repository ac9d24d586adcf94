package logwriter

import (
	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
)

// Reclaim removes the segments that hold nothing newer than checkpointed, once this
// session has one that holds a group: LSN and hash of the last group must be found in
// the log at any time. Errors are those of [segment.Retire].
func (w *Writer) Reclaim(checkpointed record.LSN) error {
	names := w.reclaimable(checkpointed)
	if len(names) == 0 {
		return nil
	}
	// If it fails they stay on the list: the next one must not be removed before them.
	if err := segment.Retire(w.dir, names...); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.segments = w.segments[len(names):]
	return nil
}

func (w *Writer) reclaimable(checkpointed record.LSN) (names []segment.Name) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.newest == nil {
		return nil
	}
	for _, s := range w.segments {
		if s == w.newest || s.last > checkpointed {
			break // one that was abandoned after it waits for its turn
		}
		names = append(names, s.name)
	}
	return names
}
