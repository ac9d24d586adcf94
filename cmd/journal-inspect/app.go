package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/forewrite/forewrite/internal/inspect"
	"github.com/forewrite/forewrite/internal/inspect/ndjson"
	"github.com/forewrite/forewrite/internal/inspect/text"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// app is what the commands share: the global flags, the output, and the result.
type app struct {
	stdout, stderr io.Writer

	json    bool
	color   string
	root    string
	noPager bool

	parsed bool           // cobra accepted the command line
	health inspect.Health // of what was looked at

	text  *text.Printer // one of the two is set while a command runs
	lines *ndjson.Writer
}

func rootCommand(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "journal-inspect",
		Short: "Show what a journal holds, what a crash did, and what the next open will do",
		Long: `journal-inspect shows what a forewrite journal holds, what a crash did to it, and
what the next open will do. It never changes what it looks at, takes no lock, and
works while the journal is in use.

DIR is the tree that the journal protects, or the journal directory in it.

Data goes to stdout, messages go to stderr. With --json each command writes one JSON
object a line: a header, the data, and an end with the reason why there is no more.

` + exitHelp,
		Example: `  journal-inspect status /srv/app  # Is it safe to start the program again?
  journal-inspect explain JI101    # What does this finding mean?`,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			if a.color != "auto" && a.color != "always" && a.color != "never" {
				return fmt.Errorf("--color is auto, always or never, not %q", a.color)
			}
			a.parsed = true
			return nil
		},
	}
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	flags := root.PersistentFlags()
	flags.BoolVar(&a.json, "json", false, "write JSON, one object a line")
	flags.StringVar(&a.color, "color", "auto", "color the text: auto, always or never; NO_COLOR turns auto off")
	flags.StringVar(&a.root, "root", "", "the protected tree, when DIR is a journal directory that is not directly below it")
	flags.BoolVar(&a.noPager, "no-pager", false, "do not show text on a terminal with $PAGER")
	root.AddCommand(statusCommand(a), dumpCommand(a), txCommand(a), catCommand(a), checkCommand(a), explainCommand(a),
		planCommand(a), timelineCommand(a), statsCommand(a), salvageCommand(a), versionCommand(a))
	return root
}

// outcome is the result of looking at a journal.
type outcome struct {
	reason string          // why there is no more
	health *inspect.Health // nil when it is not known
}

// judged returns the outcome of a look at a journal that reached the end of its log.
func judged(h inspect.Health, tail inspect.Tail) outcome { return outcome{tail.Summary, &h} }

// look finds the journal and lets fn look at it, between the first and the last
// line of output.
func (a *app) look(cmd *cobra.Command, dir string, fn func(ctx context.Context, j *inspect.Journal) (outcome, error)) error {
	finish := a.open(cmd.Name() != "status")
	j, err := inspect.Find(dir, a.root)
	if a.json {
		a.lines.Header(cmd.Name(), j)
	}
	if err == nil {
		err = j.CheckVersion()
	}
	var o outcome
	if err == nil {
		done := a.progress(j)
		o, err = fn(cmd.Context(), j)
		done()
	}
	if o.health != nil {
		a.health = *o.health
	}
	if a.json {
		a.lines.Write(endOf(o, err))
	}
	if flushErr := finish(); err == nil {
		err = flushErr
	}
	return err
}

// show writes what needs no journal, between the first and the last line of output.
func (a *app) show(cmd *cobra.Command, asJSON, asText func()) error {
	finish := a.open(true)
	if a.json {
		a.lines.Header(cmd.Name(), nil)
		asJSON()
		a.lines.Write(ndjson.End{Reason: "all was shown"})
	} else {
		asText()
	}
	return finish()
}

func endOf(o outcome, err error) ndjson.End {
	if err == nil {
		e := ndjson.End{Reason: o.reason}
		if o.health != nil {
			e.Health, e.Exit = o.health.String(), healthCodes[*o.health]
		}
		return e
	}
	e := ndjson.End{Reason: "error", Error: err.Error(), Exit: exitCode(err)}
	if e.Exit == exitInterrupt {
		e.Reason = "interrupted"
	}
	return e
}

// open makes the output ready. The function it returns flushes it and waits for
// the pager, if there is one.
func (a *app) open(page bool) (finish func() error) {
	if a.json {
		a.lines = ndjson.NewWriter(a.stdout)
		return a.lines.Flush
	}
	color := a.colored()
	w, wait := a.stdout, func() error { return nil }
	if page && !a.noPager && isTerminal(a.stdout) {
		w, wait = startPager(a.stdout, a.stderr)
	}
	a.text = text.NewPrinter(w, color)
	return func() error {
		err := a.text.Flush()
		if waitErr := wait(); waitErr != nil {
			return waitErr
		}
		return ignoreClosedPager(err, w != a.stdout)
	}
}

func (a *app) colored() bool {
	switch a.color {
	case "always":
		return true
	case "never":
		return false
	}
	return isTerminal(a.stdout) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
