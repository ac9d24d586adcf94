package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/forewrite/forewrite/internal/inspect"
	"github.com/forewrite/forewrite/journal/record"
	"github.com/spf13/cobra"
)

func txCommand(a *app) *cobra.Command {
	var diff bool
	cmd := &cobra.Command{
		Use:   "tx DIR ID",
		Short: "One transaction, and what its files are now",
		Long: `tx shows the updates of a transaction and says of each target whether it holds
what the transaction wrote, a later or an earlier version that the log knows,
something else (exit code 5), or nothing.`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := parseTx(args[1])
			if err != nil {
				return err
			}
			return a.look(cmd, args[0], func(ctx context.Context, j *inspect.Journal) (outcome, error) {
				tx, log, err := j.FindTx(ctx, id, diff)
				if err != nil {
					return outcome{}, err
				}
				if a.json {
					a.lines.Line("tx", tx)
					for i := range tx.Updates {
						a.lines.Line("update", &tx.Updates[i])
					}
				} else {
					tx.Text(a.text)
				}
				return outcome{tx.Health(), log.Ending()}, nil
			})
		},
	}
	cmd.Flags().BoolVar(&diff, "diff", false, "show how text files differ from what was written")
	return cmd
}

func parseTx(s string) (record.TxID, error) {
	id, err := strconv.ParseUint(s, 10, 64)
	if err != nil || id == 0 {
		return 0, usageError{fmt.Errorf("%q is no transaction id", s)}
	}
	return record.TxID(id), nil
}
