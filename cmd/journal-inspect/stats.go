package main

import (
	"context"

	"github.com/forewrite/forewrite/internal/inspect"
	"github.com/spf13/cobra"
)

func statsCommand(a *app) *cobra.Command {
	var top int
	cmd := &cobra.Command{
		Use:   "stats DIR",
		Short: "Sizes, rates and the hottest paths",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.look(cmd, args[0], func(ctx context.Context, j *inspect.Journal) (outcome, error) {
				s, log, err := j.Stats(ctx, max(top, 0))
				if a.json {
					a.lines.Line("stats", s)
					for i := range s.Paths {
						a.lines.Line("path", &s.Paths[i])
					}
				} else {
					s.Text(a.text)
				}
				if err != nil {
					return outcome{}, err
				}
				return outcome{log.Health(), log.Ending()}, nil
			})
		},
	}
	cmd.Flags().IntVar(&top, "top", 10, "how many of the hottest paths to show")
	return cmd
}
