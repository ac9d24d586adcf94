package main

import (
	"context"

	"github.com/forewrite/forewrite/internal/inspect"
	"github.com/forewrite/forewrite/internal/inspect/text"
	"github.com/spf13/cobra"
)

func statsCommand(a *app) *cobra.Command {
	var top int
	cmd := &cobra.Command{
		Use:   "stats DIR",
		Short: "Show sizes, rates and the paths that are changed most often",
		Long: `stats shows how the journal is used: sizes and numbers, how many transactions share
a group, and the paths that are changed most often. It covers the segments that were
not retired yet.`,
		Example: `  journal-inspect stats --top 20 /srv/app`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.look(cmd, args[0], func(ctx context.Context, j *inspect.Journal) (outcome, error) {
				return a.stats(ctx, j, max(top, 0))
			})
		},
	}
	cmd.Flags().IntVar(&top, "top", 10, "how many paths to show")
	return cmd
}

func (a *app) stats(ctx context.Context, j *inspect.Journal, top int) (outcome, error) {
	s, log, err := j.Stats(ctx, top)
	if a.json {
		a.lines.Write(s)
		for i := range s.Paths {
			a.lines.Write(&s.Paths[i])
		}
	} else {
		text.Stats(a.text, s)
	}
	if err != nil {
		return outcome{}, err
	}
	return judged(log.Health(), log.Tail()), nil
}
