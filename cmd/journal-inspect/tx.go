package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/forewrite/forewrite/internal/inspect"
	"github.com/forewrite/forewrite/internal/inspect/text"
	"github.com/forewrite/forewrite/journal/record"
	"github.com/spf13/cobra"
)

func txCommand(a *app) *cobra.Command {
	var diff bool
	cmd := &cobra.Command{
		Use:   "tx DIR ID",
		Short: "Show a transaction, and what its files are now",
		Long: `tx shows the updates of a transaction. For each it shows whether the file is now
what the transaction wrote, a later or an earlier version that the log knows,
something else (exit code 5), or missing.`,
		Example: `  journal-inspect tx --diff /srv/app 88  # How was the file edited since?`,
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := parseTx(args[1])
			if err != nil {
				return err
			}
			return a.look(cmd, args[0], func(ctx context.Context, j *inspect.Journal) (outcome, error) {
				return a.tx(ctx, j, id, diff)
			})
		},
	}
	cmd.Flags().BoolVar(&diff, "diff", false, "show how text files differ from what was written")
	return cmd
}

func (a *app) tx(ctx context.Context, j *inspect.Journal, id record.TxID, diff bool) (outcome, error) {
	tx, log, err := j.FindTx(ctx, id, diff)
	if err != nil {
		return outcome{}, err
	}
	if a.json {
		a.lines.Write(tx.TxHead)
		for i := range tx.Updates {
			a.lines.Write(&tx.Updates[i])
		}
	} else {
		text.Tx(a.text, tx)
	}
	return judged(tx.Health(), log.Tail()), nil
}

func parseTx(s string) (record.TxID, error) {
	id, err := strconv.ParseUint(s, 10, 64)
	if err != nil || id == 0 {
		return 0, usageError{fmt.Errorf("%q is not a transaction id; ids are numbers from 1, and dump shows them", s)}
	}
	return record.TxID(id), nil
}
