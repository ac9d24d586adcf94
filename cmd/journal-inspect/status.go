package main

import (
	"context"

	"github.com/forewrite/forewrite/internal/inspect"
	"github.com/spf13/cobra"
)

func statusCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "status DIR",
		Short: "One screen: what there is, how it is, and what the next open will do",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.look(cmd, args[0], func(ctx context.Context, j *inspect.Journal) (outcome, error) {
				s, err := j.Status(ctx)
				if err != nil {
					return outcome{}, err
				}
				if a.json {
					a.lines.Line("status", s)
				} else {
					s.Text(a.text, j)
				}
				return outcome{s.Health, s.Ending}, nil
			})
		},
	}
}
