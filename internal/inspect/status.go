package inspect

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
	"github.com/forewrite/forewrite/recovery"
)

// Status is a journal on one screen.
type Status struct {
	Health   Health    `json:"health"`
	Format   string    `json:"format"` // version, or what is wrong with FORMAT
	ID       string    `json:"id,omitempty"`
	Owner    Owner     `json:"owner"`
	Segments []Segment `json:"segments"`

	Groups        int        `json:"groups"`
	First         record.LSN `json:"first"`
	Last          record.LSN `json:"last"`
	CheckpointLSN record.LSN `json:"checkpoint_lsn"`
	State         string     `json:"end"` // "clean", "torn", "corrupt" or "newer format"
	InFlight      bool       `json:"in_flight"`
	Ending        string     `json:"ending"`
	Reason        string     `json:"reason,omitempty"` // why the end is not clean

	Checkpointed int `json:"checkpointed"` // transactions in the log, by state
	Committed    int `json:"committed"`    // not checkpointed
	Uncommitted  int `json:"uncommitted"`

	Leftovers []string `json:"leftovers,omitempty"` // in the log directory
	Strays    []string `json:"strays,omitempty"`
	Staging   Folder   `json:"staging"`
	Lost      []string `json:"lost_found,omitempty"`

	Next string           `json:"next_open"` // what it will do, in words
	Plan *recovery.Report `json:"-"`         // nil when there can't be one
}

// Segment is a segment's file.
type Segment struct {
	Name   segment.Name `json:"name"`
	Size   int64        `json:"size"`
	Used   int64        `json:"used"`
	Groups int          `json:"groups"`
	First  record.LSN   `json:"first,omitempty"`
	Last   record.LSN   `json:"last,omitempty"`
	Spans  []Span       `json:"spans"`
}

// Span is a range of bytes in a segment's file and what it is.
type Span struct {
	Kind   string     `json:"kind"` // "groups", or as segment names what follows them
	Offset int64      `json:"offset"`
	Length int64      `json:"length"`
	Groups int        `json:"groups,omitempty"`
	LSN    record.LSN `json:"lsn,omitempty"` // of the first
}

// Folder is how much lies in a directory.
type Folder struct {
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
}

// Status looks at everything there is.
func (j *Journal) Status(ctx context.Context) (*Status, error) {
	s := &Status{}
	if f, err := j.Format(); err != nil {
		s.Format = err.Error()
	} else {
		s.Format, s.ID = utoa(f.Version), hash(f.ID)
	}
	var t tally
	log, err := j.Scan(ctx, func(g *segment.Group) error {
		t.add(g)
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.fromLog(log)
	s.Committed, s.Uncommitted = t.open()
	s.Uncommitted += t.dropped
	s.Checkpointed = t.checkpointed
	s.Staging = folder(filepath.Join(j.Dir, stagingDir))
	s.Lost, _ = readNames(filepath.Join(j.Dir, lostDir)) // no such folder, nothing lost
	return s, s.plan(ctx, j, log)
}

func (s *Status) fromLog(log *Log) {
	s.Health, s.Owner = log.Health(), log.Owner
	s.Groups, s.First, s.Last, s.CheckpointLSN = log.Groups, log.First, log.Last, log.CheckpointLSN
	s.State, s.InFlight, s.Ending = log.End.State.String(), log.InFlight(), log.Ending()
	if log.End.Err != nil {
		s.Reason = log.End.Err.Error()
	}
	s.Leftovers, s.Strays = log.Leftovers, log.Strays
	for i := range log.Files {
		s.Segments = append(s.Segments, segmentOf(&log.Files[i]))
	}
}

func segmentOf(e *segment.Summary) Segment {
	d := Segment{Name: e.Name, Size: e.Size, Used: e.Used, Groups: e.Groups, First: e.First, Last: e.Last}
	if e.Used > 0 {
		d.Spans = append(d.Spans, Span{Kind: "groups", Length: e.Used, Groups: e.Groups, LSN: e.First})
	}
	for _, r := range e.Rest {
		d.Spans = append(d.Spans, Span{r.Kind.String(), r.Offset, r.Length, r.Groups, r.LSN})
	}
	return d
}

// plan asks recovery what the next open will do.
func (s *Status) plan(ctx context.Context, j *Journal, log *Log) error {
	report, err := j.Plan(ctx)
	s.Plan = report
	switch {
	case err == nil:
		s.Next = report.Summary()
		if !log.Owner.Present && !report.Clean {
			s.Health = max(s.Health, Pending)
		}
	case errors.Is(err, recovery.ErrCorrupt) && log.End.State == segment.Corrupt:
		s.Next = "refuse: the log is damaged"
		s.Health = max(s.Health, Corrupt)
	case errors.Is(err, recovery.ErrCorrupt):
		s.Next = "refuse: " + err.Error()
		s.Health = max(s.Health, Corrupt)
	case errors.Is(err, record.ErrVersion):
		s.Next = "refuse: " + err.Error()
		s.Health = max(s.Health, Newer)
	case errors.Is(err, recovery.ErrNoJournal):
		s.Next = "make the journal"
	default:
		return err
	}
	return nil
}

// Plan is recovery's own plan. A report can come together with an error. As in
// Scan, damage beside an owner is looked at again before it is believed.
func (j *Journal) Plan(ctx context.Context) (*recovery.Report, error) {
	dir, err := filepath.Rel(j.Root, j.Dir)
	if err != nil {
		return nil, err
	}
	opts := &recovery.Options{Dir: filepath.ToSlash(dir)}
	for try := 1; ; try++ {
		report, err := recovery.Plan(ctx, j.Root, opts)
		moved := errors.Is(err, recovery.ErrCorrupt) || errors.Is(err, fs.ErrNotExist)
		if !moved || j.owner().idle || try > rescans {
			return report, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pause):
		}
	}
}

func folder(dir string) (f Folder) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return f // not made yet, or not ours to read: the log tells what is needed of it
	}
	for _, e := range entries {
		f.Files++
		if fi, err := e.Info(); err == nil && fi.Mode()&fs.ModeType == 0 {
			f.Bytes += fi.Size()
		}
	}
	return f
}
