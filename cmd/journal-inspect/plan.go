package main

import (
	"context"
	"errors"

	"github.com/forewrite/forewrite/internal/inspect"
	"github.com/forewrite/forewrite/journal/record"
	"github.com/forewrite/forewrite/recovery"
	"github.com/spf13/cobra"
)

func planCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "plan DIR",
		Short: "What the next open will do: cut, redo, discard, keep",
		Long: `plan asks recovery what it would do, without doing it: which transactions are
redone or discarded, which files were edited by hand and stay, what goes to
lost+found. The next open does just that, if nothing changes before.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.look(cmd, args[0], a.plan)
		},
	}
}

func (a *app) plan(ctx context.Context, j *inspect.Journal) (outcome, error) {
	log, err := j.Scan(ctx, nil)
	if err != nil {
		return outcome{}, err
	}
	report, err := j.Plan(ctx)
	refused := errors.Is(err, recovery.ErrCorrupt) || errors.Is(err, record.ErrVersion)
	if err != nil && !refused {
		return outcome{}, err
	}
	switch {
	case a.json && report != nil: // there is none when FORMAT can't be read
		a.lines.Line("plan", report)
	case !a.json:
		inspect.PlanText(a.text, report, log.Owner, err)
	}
	o := outcome{log.Health(), log.Ending()}
	switch {
	case errors.Is(err, record.ErrVersion):
		o.health = inspect.Newer
	case refused:
		o.health = inspect.Corrupt
	case !report.Clean && !log.Owner.Present:
		o.health = max(o.health, inspect.Pending)
	}
	return o, nil
}
