package main

import (
	"context"

	"github.com/forewrite/forewrite/internal/inspect"
	"github.com/forewrite/forewrite/internal/inspect/text"
	"github.com/spf13/cobra"
)

func statusCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "status DIR",
		Short: "Show a journal on one screen",
		Long: `status shows a journal on one screen: its format and owner, segments, transactions by
state, how the log ends, staging and lost+found, and what the next open will do.`,
		Example: `  journal-inspect status /srv/app
  journal-inspect status /srv/app/var/journal --root /srv/app`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.look(cmd, args[0], a.status)
		},
	}
}

func (a *app) status(ctx context.Context, j *inspect.Journal) (outcome, error) {
	s, err := j.Status(ctx)
	if err != nil {
		return outcome{}, err
	}
	if a.json {
		a.lines.Write(s)
	} else {
		text.Status(a.text, j, s)
	}
	return judged(s.Health, s.Tail), nil
}
