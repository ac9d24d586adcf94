package recovery

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/internal/layout"
	"github.com/forewrite/forewrite/internal/segment"
)

// salvaged is what a salvage takes out of a damaged log.
type salvaged struct {
	active   bool
	segments []segment.Name // after the damage, the newest first
}

// salvage decides what of a corrupt log is recovered, which is what comes before the
// damage, and what of it goes to lost+found.
func (a *analysis) salvage() {
	log, end := a.log, a.log.End
	a.salvaged.active = true
	at := slices.Index(a.segments, end.Segment)
	if at < 0 {
		return // the damage is not in a segment
	}
	if end.LSN <= log.First && log.Groups > 0 { // the beginning is missing, so no group can be redone
		a.txs.groups = nil
		for i := range log.Files {
			a.rescueSegment(&log.Files[i], 0)
		}
		return
	}
	a.rescueSegment(&log.Files[at], end.Offset)
	for i := at + 1; i < len(log.Files); i++ {
		a.rescueSegment(&log.Files[i], 0)
	}
	remaining := at + 1
	if end.Offset == 0 {
		remaining = at
	}
	a.salvaged.segments = slices.Clone(a.segments[remaining:])
	slices.Reverse(a.salvaged.segments)
	a.segments = a.segments[:remaining]
}

// rescueSegment rescues the bytes of a segment from this offset on, without the zeroes
// at the end.
func (a *analysis) rescueSegment(s *segment.Summary, from int64) {
	end := s.Used
	for _, span := range s.Rest {
		if span.Kind != segment.Zero {
			end = span.Offset + span.Length
		}
	}
	if end > from {
		a.rescues = append(a.rescues, segmentBytes(a.dir.Log(), s.Name, from, end-from))
	}
}

// drop takes out of the log what was salvaged from it. The newest segment goes first:
// after a crash in between, the log is still damaged in the same place, or has a torn
// tail there.
func (r *redoer) drop() error {
	if !r.plan.salvaged.active {
		return nil
	}
	if err := r.plan.dir.Home.Mkdir(layout.LogDir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("recovery: %w", err)
	}
	for _, name := range r.plan.log.Strays {
		if err := r.moveToLost(path.Join(layout.LogDir, name), "unexpected in the log: "+name); err != nil {
			return err
		}
	}
	entries, err := fs.ReadDir(r.plan.dir.Home.FS(), layout.StagingDir)
	if fsx.IgnoreNotExist(err) != nil {
		return fmt.Errorf("recovery: list staging: %w", err)
	}
	for _, e := range entries {
		if r.plan.staged[e.Name()] {
			continue // its transaction is redone
		}
		if err := r.moveToLost(path.Join(layout.StagingDir, e.Name()), "in staging, for a transaction that is lost"); err != nil {
			return err
		}
	}
	// Before the segments go, which are the only other record of what was lost.
	if err := r.lost.sync(); err != nil {
		return fmt.Errorf("recovery: fsync %s: %w", layout.LostFoundDir, err)
	}
	if err := segment.Retire(r.plan.dir.Log(), r.plan.salvaged.segments...); err != nil {
		return fmt.Errorf("recovery: %w", err)
	}
	return nil
}

func (r *redoer) moveToLost(from, why string) error {
	at, err := r.lost.move(from, why)
	if err != nil {
		return fmt.Errorf("recovery: move %s to %s: %w", from, layout.LostFoundDir, err)
	}
	r.noteLost("", at)
	return nil
}
