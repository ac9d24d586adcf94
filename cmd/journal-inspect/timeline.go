package main

import (
	"context"
	"fmt"
	"os"

	"github.com/forewrite/forewrite/internal/inspect"
	"github.com/spf13/cobra"
)

func timelineCommand(a *app) *cobra.Command {
	var html string
	var limit int
	var v inspect.View
	cmd := &cobra.Command{
		Use:   "timeline DIR",
		Short: "Transactions over LSN, in the terminal or as a page",
		Long: `timeline draws the newest transactions, a line each, with a column for each of the
paths that are changed most often.

With --html it writes a page instead that needs nothing else and works offline: a
map of the bytes, the transactions and the paths they change, each record, and
what the next open will do.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if limit < 1 {
				return usageError{fmt.Errorf("--limit is %d, it must be 1 or more", limit)}
			}
			return a.look(cmd, args[0], func(ctx context.Context, j *inspect.Journal) (outcome, error) {
				t, err := j.Timeline(ctx, limit, v)
				if err != nil {
					return outcome{}, err
				}
				o := outcome{t.Status.Health, t.Status.Ending}
				switch {
				case html != "":
					return o, a.writePage(t, j, html)
				case a.json:
					a.showTimeline(t)
				default:
					t.Text(a.text)
				}
				return o, nil
			})
		},
	}
	cmd.Flags().StringVar(&html, "html", "", "write a page to this file, which must not exist")
	cmd.Flags().IntVarP(&limit, "limit", "n", 200, "at most this many groups, the newest")
	cmd.Flags().StringVar(&v.Content, "content", "", "show inline content in the page: preview, hex or base64")
	return cmd
}

// timelineTx is a transaction as a JSON line.
type timelineTx struct {
	*inspect.TimelineTx
	LSN     uint64   `json:"lsn"`
	Updates int      `json:"updates"`
	Paths   []string `json:"paths"`
}

func (a *app) showTimeline(t *inspect.Timeline) {
	for i := range t.Groups {
		g := &t.Groups[i]
		for k := range g.Txs {
			tx := timelineTx{TimelineTx: &g.Txs[k], LSN: uint64(g.LSN), Updates: len(g.Txs[k].Updates)}
			for _, u := range g.Txs[k].Updates {
				tx.Paths = append(tx.Paths, u.Path)
			}
			a.lines.Line("tx", tx)
		}
		for k := range g.Entries {
			if e := &g.Entries[k]; e.CheckpointLSN != nil {
				a.lines.Line("mark", e)
			}
		}
	}
}

func (a *app) writePage(t *inspect.Timeline, j *inspect.Journal, name string) error {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := t.HTML(file, j); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	fmt.Fprintf(a.stderr, "wrote %q\n", name)
	return nil
}
