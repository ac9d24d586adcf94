package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/forewrite/forewrite/internal/inspect"
	"github.com/forewrite/forewrite/internal/inspect/text"
	"github.com/spf13/cobra"
)

func salvageCommand(a *app) *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "salvage DIR --out NEW",
		Short: "Write the files of the intact part of a log to a new directory",
		Long: `salvage writes the files that the intact part of the log describes to a new
directory outside the tree, of each path the last version. Files that the log does
not name are left out: the tree still has them. Set-user-id and set-group-id bits are
dropped.

The exit code is 0 when all files could be written, whatever the state of the log.`,
		Example: `  journal-inspect salvage /srv/app --out /srv/app.salvaged`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if out == "" {
				return usageError{errors.New("--out is missing; it names the directory to make")}
			}
			return a.look(cmd, args[0], func(ctx context.Context, j *inspect.Journal) (outcome, error) {
				return a.salvage(ctx, j, out)
			})
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "the directory to make; it must not exist")
	return cmd
}

func (a *app) salvage(ctx context.Context, j *inspect.Journal, out string) (outcome, error) {
	all, log, err := j.Salvage(ctx, out)
	if errors.Is(err, inspect.ErrInPlace) {
		return outcome{}, usageError{err}
	}
	if a.json {
		for i := range all {
			a.lines.Write(&all[i])
		}
	} else {
		text.Salvaged(a.text, all)
	}
	if err != nil {
		return outcome{}, err
	}
	lost := 0
	for _, r := range all {
		if r.Result == inspect.SalvageLost {
			lost++
		}
	}
	if lost > 0 {
		return outcome{}, fmt.Errorf("%d of %d paths could not be salvaged", lost, len(all))
	}
	return outcome{reason: log.Tail().Summary}, nil
}
