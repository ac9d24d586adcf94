package inspect

import (
	"context"
	"io/fs"
	"os"

	"github.com/forewrite/forewrite/internal/inspect/wording"
	"github.com/forewrite/forewrite/internal/layout"
	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
	"github.com/forewrite/forewrite/recovery"
)

// Status is a journal on one screen.
type Status struct {
	Health      Health    `json:"health"`
	Format      uint64    `json:"format,omitempty"` // version; 0 when FORMAT can't be read
	FormatError string    `json:"format_error,omitempty"`
	ID          string    `json:"id,omitempty"`
	Owner       Owner     `json:"owner"`
	Segments    []Segment `json:"segments"`

	Groups        int        `json:"groups"`
	First         record.LSN `json:"first"`
	Last          record.LSN `json:"last"`
	CheckpointLSN record.LSN `json:"checkpoint_lsn"`
	Tail          Tail       `json:"tail"`

	Checkpointed int `json:"checkpointed"` // transactions in the log, by state
	Committed    int `json:"committed"`    // not checkpointed
	Uncommitted  int `json:"uncommitted"`

	Leftovers []string `json:"leftovers,omitempty"` // in the log directory
	Strays    []string `json:"strays,omitempty"`
	Staging   Folder   `json:"staging"`
	Lost      []string `json:"lost_found,omitempty"`

	Next string `json:"next_open"` // what it will do, in words
	Plan *Plan  `json:"-"`
}

// Folder is how much a directory holds.
type Folder struct {
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
}

// Status reads the log, the journal directory, and recovery's plan.
func (j *Journal) Status(ctx context.Context) (*Status, error) {
	s := &Status{}
	if f, err := j.Format(); err != nil {
		s.FormatError = err.Error()
	} else {
		s.Format, s.ID = f.Version, wording.Hash(f.ID)
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
	s.Checkpointed, s.Committed, s.Uncommitted = t.states()
	s.Staging = folder(j.path(layout.StagingDir))
	s.Lost, _ = readNames(j.path(layout.LostFoundDir)) // without it nothing was set aside
	if s.Plan, err = j.plan(ctx, log, recovery.Strict); err != nil {
		return nil, err
	}
	s.Next, s.Health = s.Plan.Summary(), max(s.Health, s.Plan.Health)
	return s, nil
}

func (s *Status) fromLog(log *Log) {
	s.Health, s.Owner, s.Tail = log.Health(), log.Owner, log.Tail()
	s.Groups, s.First, s.Last, s.CheckpointLSN = log.Groups, log.First, log.Last, log.CheckpointLSN
	s.Leftovers, s.Strays = log.Leftovers, log.Strays
	s.Segments = []Segment{} // not null in JSON
	for i := range log.Files {
		s.Segments = append(s.Segments, segmentOf(&log.Files[i]))
	}
}

func folder(dir string) (f Folder) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return f // not made yet, or not readable: check reports what the log needs of it
	}
	for _, e := range entries {
		f.Files++
		if fi, err := e.Info(); err == nil && fi.Mode()&fs.ModeType == 0 {
			f.Bytes += fi.Size()
		}
	}
	return f
}

func readNames(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, err
}
