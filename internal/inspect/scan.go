package inspect

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/forewrite/forewrite/internal/inspect/wording"
	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
)

// Log is what a scan found.
type Log struct {
	*segment.Log
	Owner   Owner
	LastTxs record.LSN // of the last group that holds transactions; 0 when there is none
}

// Beside an owner, the end of a log is looked at again up to maxRescans times, with
// a pause in between.
const (
	maxRescans  = 5
	rescanPause = 20 * time.Millisecond
)

// Scan reads the log and calls visit, which may be nil, for each valid group once,
// in order. While an owner writes, a group can be read half written and a segment
// can be retired during the scan: so an end that is not clean is looked at again.
func (j *Journal) Scan(ctx context.Context, visit func(*segment.Group) error) (*Log, error) {
	var seen, lastTxs record.LSN
	once := func(g segment.Group) error {
		if j.Progress != nil {
			j.Progress(g.Size)
		}
		if len(g.Content.Txs) > 0 {
			lastTxs = g.Header.LSN
		}
		if g.Header.LSN <= seen || visit == nil {
			return nil
		}
		seen = g.Header.LSN
		return visit(&g)
	}
	for try := 0; ; try++ {
		log, err := segment.Scan(ctx, j.log(), segment.Options{}, once)
		retired := errors.Is(err, fs.ErrNotExist) // a segment, just now
		if retired && j.noLog() {
			return &Log{Log: noLog(), Owner: j.owner()}, nil
		}
		if err != nil && (!retired || try == maxRescans) {
			return nil, err
		}
		if err == nil {
			owner := j.owner()
			if log.End.State == segment.Clean || owner.idle || try == maxRescans {
				return &Log{log, owner, lastTxs}, nil
			}
		}
		if err := sleep(ctx, rescanPause); err != nil {
			return nil, err
		}
	}
}

func (j *Journal) noLog() bool {
	_, err := os.Lstat(j.log())
	return errors.Is(err, fs.ErrNotExist)
}

// noLog describes a log whose directory is gone.
func noLog() *segment.Log {
	err := fmt.Errorf("%w: there is no log directory", segment.ErrMissing)
	return &segment.Log{End: segment.End{State: segment.Corrupt, LSN: 1, Err: err}}
}

// sleep waits for d, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// Tail is how a log ends.
type Tail struct {
	State    string       `json:"state"` // "clean", "torn", "corrupt" or "newer format"
	InFlight bool         `json:"in_flight"`
	Segment  segment.Name `json:"segment,omitzero"`
	Offset   int64        `json:"offset"` // of the first byte after the last valid group
	Length   int64        `json:"length"` // bytes there that are not a valid group
	LSN      record.LSN   `json:"lsn"`    // of the group that was expected there
	Reason   string       `json:"reason,omitempty"`
	Summary  string       `json:"summary"` // all of this in words
}

// Tail returns how the log ends.
func (l *Log) Tail() Tail {
	t := Tail{State: l.End.State.String(), InFlight: l.InFlight(), Segment: l.End.Segment,
		Offset: l.End.Offset, Length: l.End.Length, LSN: l.End.LSN, Summary: l.tailSummary()}
	if l.End.Err != nil {
		t.Reason = l.End.Err.Error()
	}
	return t
}

// InFlight reports whether the log ends torn because its owner is writing.
func (l *Log) InFlight() bool { return l.End.State == segment.Torn && l.Owner.Present }

func (l *Log) tailSummary() string {
	switch {
	case l.InFlight():
		return "in flight: the owner is writing a group"
	case l.End.State == segment.Clean && l.Closed:
		return "clean, closed by its owner"
	case l.End.State == segment.Clean && l.Owner.Present:
		return "clean, in use"
	case l.End.State == segment.Clean:
		return "clean, but not closed: the owner ended without closing the journal"
	case l.End.Segment.Number == 0:
		return l.End.State.String() + ": " + errText(l.End.Err)
	}
	return fmt.Sprintf("%s: %s at %s of segment %s, where group %d was expected", l.End.State,
		wording.Count(l.End.Length, "byte"), wording.Offset(l.End.Offset), l.End.Segment, l.End.LSN)
}

func errText(err error) string {
	if err == nil {
		return "no reason known"
	}
	return err.Error()
}
