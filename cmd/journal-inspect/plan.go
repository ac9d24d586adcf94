package main

import (
	"context"

	"github.com/forewrite/forewrite/internal/inspect"
	"github.com/forewrite/forewrite/internal/inspect/text"
	"github.com/forewrite/forewrite/recovery"
	"github.com/spf13/cobra"
)

func planCommand(a *app) *cobra.Command {
	var salvage bool
	cmd := &cobra.Command{
		Use:   "plan DIR",
		Short: "Show what the next open will do to each file",
		Long: `plan shows what recovery would do, without doing it: which transactions are redone
or discarded, which files were edited by hand and stay, and what goes to lost+found.
The next open does exactly that, if nothing changes before.

An open refuses a damaged log, unless it is given the salvage policy. With --salvage,
plan shows what would then be kept, and what would go to lost+found.`,
		Example: `  journal-inspect plan /srv/app
  journal-inspect plan --salvage /srv/app  # What would be lost?`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			policy := recovery.Strict
			if salvage {
				policy = recovery.Salvage
			}
			return a.look(cmd, args[0], func(ctx context.Context, j *inspect.Journal) (outcome, error) {
				return a.plan(ctx, j, policy)
			})
		},
	}
	cmd.Flags().BoolVar(&salvage, "salvage", false, "show what an open with the salvage policy would do")
	return cmd
}

func (a *app) plan(ctx context.Context, j *inspect.Journal, policy recovery.Policy) (outcome, error) {
	p, err := j.Plan(ctx, policy)
	if err != nil {
		return outcome{}, err
	}
	switch {
	case !a.json:
		text.Plan(a.text, p)
	case p.Report != nil:
		a.lines.Write(p.Report)
	}
	return judged(p.Health, p.Tail), nil
}
