package recovery

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/internal/segment"
)

// salvage is what Run takes out of a damaged log.
type salvage struct {
	active   bool
	segments []segment.Name // that lie beyond the damage, newest first
}

// plunder decides what of a corrupt log is kept aside, and what of it still
// counts: what comes before the damage.
func (a *analysis) plunder(r *reader) {
	log, end := a.scanned, a.scanned.End
	a.salvage.active = true
	at := slices.Index(log.Segments, end.Segment)
	if at < 0 {
		return // the segments themselves are in order
	}
	if end.LSN <= log.First && log.Groups > 0 { // the beginning is missing: nothing counts
		r.groups = nil
		for _, e := range log.Files {
			a.keepSegment(e.Name, 0, content(e))
		}
		return
	}
	a.keepSegment(end.Segment, end.Offset, content(log.Files[at])-end.Offset)
	for _, e := range log.Files[at+1:] {
		a.keepSegment(e.Name, 0, content(e))
	}
	keep := at + 1
	if end.Offset == 0 {
		keep = at
	}
	a.salvage.segments = slices.Clone(log.Segments[keep:])
	slices.Reverse(a.salvage.segments)
	log.Segments = log.Segments[:keep]
}

// content returns how much of a segment's file is not just zeroes at its end.
func content(e segment.Summary) int64 {
	n := e.Used
	for _, span := range e.Rest {
		if span.Kind != segment.Zero {
			n = span.Offset + span.Length
		}
	}
	return n
}

// drop takes out of the log what was salvaged from it. The newest segments go first:
// what a crash leaves is damaged in the same place, or has a torn tail there.
func (l *lost) drop() error {
	if !l.salvage.active {
		return nil
	}
	if err := l.home.Mkdir(logName, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	for _, name := range l.scanned.Strays {
		if err := l.take(path.Join(logName, name), "unexpected in the log: "+name); err != nil {
			return fmt.Errorf("recovery: move %s to %s: %w", name, lostName, err)
		}
	}
	entries, err := fs.ReadDir(l.home.FS(), stagingName)
	if fsx.IgnoreNotExist(err) != nil {
		return err
	}
	for _, e := range entries {
		if l.used[e.Name()] {
			continue // its transaction is redone
		}
		if err := l.take(path.Join(stagingName, e.Name()), "in staging, for a transaction that is lost"); err != nil {
			return fmt.Errorf("recovery: move %s to %s: %w", e.Name(), lostName, err)
		}
	}
	if err := l.sync(); err != nil {
		return err
	}
	if err := segment.Retire(l.log, l.salvage.segments...); err != nil {
		return fmt.Errorf("recovery: %w", err)
	}
	return nil
}
