package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/forewrite/forewrite/internal/inspect"
	"github.com/forewrite/forewrite/internal/inspect/text"
	"github.com/forewrite/forewrite/journal/record"
	"github.com/spf13/cobra"
)

func dumpCommand(a *app) *cobra.Command {
	var d inspect.Dump
	var since, until string
	var follow bool
	cmd := &cobra.Command{
		Use:   "dump DIR",
		Short: "Show groups and records, in order",
		Long: `dump shows the groups of the log and the records in them.

A pattern for --path matches element by element; ** matches any number of elements.
A pattern without a slash is compared with the last element only. A time is
2006-01-02, "2006-01-02 15:04:05" (UTC), RFC 3339, or an age such as 10m; the time of
an update is that of its transaction's commit.`,
		Example: `  journal-inspect dump --path 'conf/**' /srv/app  # Which transactions changed conf?
  journal-inspect dump --follow /srv/app          # Watch the program commit.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkDump(&d, since, until, follow); err != nil {
				return usageError{err}
			}
			if follow {
				a.noPager = true
			}
			return a.look(cmd, args[0], func(ctx context.Context, j *inspect.Journal) (outcome, error) {
				if follow {
					return outcome{}, a.follow(ctx, j, &d)
				}
				log, err := d.Run(ctx, j, a.showGroup())
				return a.scanned(log, err)
			})
		},
	}
	flags := cmd.Flags()
	flags.Uint64Var((*uint64)(&d.From), "from", 0, "first LSN")
	flags.Uint64Var((*uint64)(&d.To), "to", 0, "last LSN")
	flags.Uint64Var((*uint64)(&d.Tx), "tx", 0, "only this transaction")
	flags.StringVar(&d.Path, "path", "", "only updates of paths that match this pattern")
	flags.StringSliceVar(&d.Kinds, "kind", nil, "only these kinds: "+strings.Join(inspect.Kinds, ", "))
	flags.StringVar(&since, "since", "", "only from this time on")
	flags.StringVar(&until, "until", "", "only before this time")
	flags.IntVarP(&d.Limit, "limit", "n", 0, "at most this many records")
	flags.BoolVar(&d.Reverse, "reverse", false, "newest first")
	flags.StringVar(&d.Content, "content", "", "show inline content: preview, hex or base64")
	flags.BoolVar(&d.Hex, "hex", false, "show the bytes of each record, content included")
	flags.BoolVarP(&follow, "follow", "f", false, "go on with what the owner writes, until interrupted")
	return cmd
}

func checkDump(d *inspect.Dump, since, until string, follow bool) (err error) {
	now := time.Now()
	if since != "" {
		if d.Since, err = inspect.ParseTime(since, now); err != nil {
			return err
		}
	}
	if until != "" {
		if d.Until, err = inspect.ParseTime(until, now); err != nil {
			return err
		}
	}
	if err := checkContent(d.Content); err != nil {
		return err
	}
	switch {
	case follow && d.Reverse:
		return errors.New("--follow and --reverse can't be used together")
	case d.Limit < 0:
		return fmt.Errorf("--limit is %d, it must be 0 or more", d.Limit)
	}
	return d.Check()
}

func checkContent(how string) error {
	if !slices.Contains([]string{"", "preview", "hex", "base64"}, how) {
		return fmt.Errorf("--content is preview, hex or base64, not %q", how)
	}
	return nil
}

// showGroup returns a function that writes a group and its records.
func (a *app) showGroup() func(inspect.Group) error {
	if !a.json {
		d := text.NewDump(a.text)
		return func(g inspect.Group) error {
			d.Group(&g)
			return nil
		}
	}
	return func(g inspect.Group) error {
		a.lines.Write(g.GroupHead)
		for i := range g.Records {
			a.lines.Write(&g.Records[i])
		}
		return nil
	}
}

func (a *app) follow(ctx context.Context, j *inspect.Journal, d *inspect.Dump) error {
	return d.Follow(ctx, j, inspect.Follower{
		Show: a.showGroup(),
		Idle: func() error {
			if a.json {
				return a.lines.Flush()
			}
			return a.text.Flush()
		},
		Gap: func(first, last record.LSN) {
			fmt.Fprintf(a.stderr, "groups %d to %d were retired before they could be read\n", first, last)
		},
	})
}

// scanned ends the output of a scan with how the log ends, if the scan reached its end.
func (a *app) scanned(log *inspect.Log, err error) (outcome, error) {
	if err != nil || log == nil {
		return outcome{reason: "all that was asked for was shown"}, err
	}
	o := judged(log.Health(), log.Tail())
	if !a.json {
		a.text.Styled(text.Dim, "tail: %s", o.reason)
	}
	return o, nil
}
