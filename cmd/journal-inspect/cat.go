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
		Short: "Write the content that a transaction put at a path",
		Long: `cat writes the content that a transaction put at a path to stdout, byte for byte.
It is compared with its hash; when they differ, the exit code is 4 and what was
written must not be used.`,
		Example: `  journal-inspect cat /srv/app 88 conf/app.toml > app.toml.88`,
		Args:    cobra.ExactArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := parseTx(args[1])
			if err != nil {
				return err
			}
			if a.json {
				return usageError{errors.New("cat writes bytes, not JSON; 'dump --json --content base64' writes them as JSON")}
			}
			a.noPager = true
			return a.look(cmd, args[0], func(ctx context.Context, j *inspect.Journal) (outcome, error) {
				return outcome{}, j.Cat(ctx, a.stdout, id, args[2])
			})
		},
	}
}
