package main

import (
	"context"
	"fmt"

	"github.com/forewrite/forewrite/internal/inspect"
	"github.com/spf13/cobra"
)

func checkCommand(a *app) *cobra.Command {
	var targets bool
	cmd := &cobra.Command{
		Use:   "check DIR",
		Short: "Check every hash, the chain, and what a redo would need",
		Long: `check reads the whole log and checks every hash, that the groups form one chain
without a gap, the grammar of transactions, and the staged payloads that a redo
would need. It needs no more memory for a larger log, except for --targets, which
remembers each version of each path.

Findings have codes, which 'journal-inspect explain' explains.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.look(cmd, args[0], func(ctx context.Context, j *inspect.Journal) (outcome, error) {
				c, err := j.Check(ctx, targets)
				if a.json {
					for i := range c.Findings {
						a.lines.Line("finding", &c.Findings[i])
					}
					a.lines.Line("check", c)
				} else {
					c.Text(a.text)
				}
				if isTerminal(a.stderr) {
					fmt.Fprintf(a.stderr, "checked in %s\n", c.Speed())
				}
				return outcome{c.Health, c.Ending}, err
			})
		},
	}
	cmd.Flags().BoolVar(&targets, "targets", false, "compare the files with what the last transactions wrote")
	return cmd
}
