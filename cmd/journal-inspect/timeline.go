package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/forewrite/forewrite/internal/inspect"
	"github.com/forewrite/forewrite/internal/inspect/page"
	"github.com/forewrite/forewrite/internal/inspect/text"
	"github.com/spf13/cobra"
)

func timelineCommand(a *app) *cobra.Command {
	var html string
	var limit int
	var b inspect.Bytes
	cmd := &cobra.Command{
		Use:   "timeline DIR",
		Short: "Draw transactions over LSN, on the terminal or as an HTML page",
		Long: `timeline draws the newest transactions, a line each, with a column for each of the
paths that are changed most often.

With --html it writes a page instead, which needs no other files and no network: a map
of the log's bytes, the transactions and the paths they change, each record, and what
the next open will do.`,
		Example: `  journal-inspect timeline -n 50 /srv/app
  journal-inspect timeline --html journal.html /srv/app`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if limit < 1 {
				return usageError{fmt.Errorf("--limit is %d, it must be 1 or more", limit)}
			}
			if err := checkContent(b.Content); err != nil {
				return usageError{err}
			}
			return a.look(cmd, args[0], func(ctx context.Context, j *inspect.Journal) (outcome, error) {
				t, err := j.Timeline(ctx, limit, b)
				if err != nil {
					return outcome{}, err
				}
				return judged(t.Status.Health, t.Status.Tail), a.timeline(j, t, html)
			})
		},
	}
	cmd.Flags().StringVar(&html, "html", "", "write a page to this file, which must not exist")
	cmd.Flags().IntVarP(&limit, "limit", "n", 200, "at most this many groups, the newest")
	cmd.Flags().StringVar(&b.Content, "content", "", "show inline content in the page: preview, hex or base64")
	return cmd
}

func (a *app) timeline(j *inspect.Journal, t *inspect.Timeline, html string) error {
	switch {
	case html != "":
		return a.writePage(j, t, html)
	case a.json:
		a.timelineJSON(t)
	default:
		text.Timeline(a.text, t)
	}
	return nil
}

func (a *app) timelineJSON(t *inspect.Timeline) {
	for i := range t.Groups {
		g := &t.Groups[i]
		for k := range g.Txs {
			a.lines.Write(&g.Txs[k].TxHead)
		}
		for k := range g.Records {
			if r := &g.Records[k]; r.IsMark() {
				a.lines.Write(r)
			}
		}
	}
}

func (a *app) writePage(j *inspect.Journal, t *inspect.Timeline, name string) error {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w; name a file that does not exist", err)
	}
	if err != nil {
		return err
	}
	defer file.Close()
	if err := page.Write(file, j, t); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	fmt.Fprintf(a.stderr, "wrote %q\n", name)
	return nil
}
