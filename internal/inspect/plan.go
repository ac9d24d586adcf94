package inspect

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
	"github.com/forewrite/forewrite/recovery"
)

// Plan is what the next open would do.
type Plan struct {
	Report  *recovery.Report // nil when FORMAT can't be read
	Refused error            // why the next open would fail; nil when it would not
	Owner   Owner
	Health  Health // of the journal, as the plan shows it
	Tail    Tail

	damaged bool // the log is
}

// Plan asks recovery what the next open would do under a policy.
func (j *Journal) Plan(ctx context.Context, policy recovery.Policy) (*Plan, error) {
	log, err := j.Scan(ctx, nil)
	if err != nil {
		return nil, err
	}
	return j.plan(ctx, log, policy)
}

func (j *Journal) plan(ctx context.Context, log *Log, policy recovery.Policy) (*Plan, error) {
	report, err := j.askRecovery(ctx, policy)
	p := &Plan{Report: report, Refused: err, Owner: log.Owner, Tail: log.Tail(), Health: log.Health(),
		damaged: log.End.State == segment.Corrupt}
	switch {
	case err == nil:
		if !report.Clean && !log.Owner.Present {
			p.Health = max(p.Health, NeedsRecovery)
		}
	case errors.Is(err, record.ErrVersion):
		p.Health = max(p.Health, Newer)
	case errors.Is(err, recovery.ErrCorrupt):
		p.Health = max(p.Health, Corrupt)
	default:
		return nil, err
	}
	return p, nil
}

// Summary describes the plan in one line.
func (p *Plan) Summary() string {
	switch {
	case p.Refused == nil:
		return p.Report.Summary()
	case p.damaged && errors.Is(p.Refused, recovery.ErrCorrupt):
		return "refuse: the log is damaged"
	}
	return "refuse: " + p.Refused.Error()
}

// askRecovery returns recovery's plan. A report can come together with an error. As in
// Scan, damage beside an owner is looked at again before it is believed.
func (j *Journal) askRecovery(ctx context.Context, policy recovery.Policy) (*recovery.Report, error) {
	dir, err := filepath.Rel(j.Root, j.Dir)
	if err != nil {
		return nil, err
	}
	opts := &recovery.Options{Dir: filepath.ToSlash(dir), Policy: policy}
	for try := 0; ; try++ {
		report, err := recovery.Plan(ctx, j.Root, opts)
		moved := errors.Is(err, recovery.ErrCorrupt) || errors.Is(err, fs.ErrNotExist)
		if !moved || j.owner().idle || try == maxRescans {
			return report, err
		}
		if err := sleep(ctx, rescanPause); err != nil {
			return nil, err
		}
	}
}
