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
	if len(w.segments) == 0 {
		return nil
	}
	newest := w.segments[len(w.segments)-1]
	if newest.old || newest.last == 0 {
		return nil
	}
	for _, s := range w.segments[:len(w.segments)-1] {
		if s.last > checkpointed {
			break
		}
		names = append(names, s.name)
	}
	return names
}
