package main

import (
	"context"
	"fmt"

	"github.com/forewrite/forewrite/internal/inspect"
	"github.com/forewrite/forewrite/internal/inspect/text"
	"github.com/spf13/cobra"
)

func checkCommand(a *app) *cobra.Command {
	var targets bool
	cmd := &cobra.Command{
		Use:   "check DIR",
		Short: "Check every hash, the chain, and what a redo would need",
		Long: `check reads the whole log. It checks every hash, that the groups form one chain
without a gap, the grammar of transactions, and the staged payloads that a redo would
need. A larger log needs no more memory, except with --targets, which remembers each
version of each path.

Each finding has a code; 'journal-inspect explain CODE' explains it.`,
		Example: `  journal-inspect check --targets /srv/app  # Were files changed without the journal?`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.look(cmd, args[0], func(ctx context.Context, j *inspect.Journal) (outcome, error) {
				return a.check(ctx, j, targets)
			})
		},
	}
	cmd.Flags().BoolVar(&targets, "targets", false, "compare the files with what the last transactions wrote")
	return cmd
}

func (a *app) check(ctx context.Context, j *inspect.Journal, targets bool) (outcome, error) {
	c, err := j.Check(ctx, targets)
	if a.json {
		for i := range c.Findings {
			a.lines.Write(&c.Findings[i])
		}
		a.lines.Write(c)
	} else {
		text.Check(a.text, c)
	}
	if isTerminal(a.stderr) {
		fmt.Fprintf(a.stderr, "checked in %s\n", c.Speed())
	}
	return judged(c.Health, c.Tail), err
}
