package main

import (
	"context"
	"errors"

	"github.com/forewrite/forewrite/internal/inspect"
	"github.com/spf13/cobra"
)

func catCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "cat DIR ID PATH",
		Short: "Write what a transaction put at a path to stdout",
		Long: `cat writes the content that a transaction put at a path to stdout, byte for byte.
It is checked against its hash; on a mismatch the exit code is 4.`,
		Args: cobra.ExactArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := parseTx(args[1])
			if err != nil {
				return err
			}
			if a.json {
				return usageError{errors.New("cat writes bytes, not JSON; dump --content base64 writes them as JSON")}
			}
			a.noPager = true
			return a.look(cmd, args[0], func(ctx context.Context, j *inspect.Journal) (outcome, error) {
				return outcome{}, j.Cat(ctx, a.stdout, id, args[2])
			})
		},
	}
}
