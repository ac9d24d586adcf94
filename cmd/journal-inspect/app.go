package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/forewrite/forewrite/internal/inspect"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// app is what the commands share: the global flags, where output goes, and how it
// went.
type app struct {
	stdout, stderr io.Writer

	json    bool
	color   string
	root    string
	noPager bool

	started bool           // the command line was right
	health  inspect.Health // of what was looked at

	text  *inspect.Printer // one of the two is set while a command runs
	lines *inspect.Lines
}

func rootCommand(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "journal-inspect",
		Short: "See what a journal holds, what a crash did, and what the next open will do",
		Long: `journal-inspect shows what a forewrite journal holds, what a crash did to it, and
what the next open will do. It never changes what it looks at, takes no lock, and
works beside a live owner.

DIR is the tree that is protected, or the journal directory in it.

Data goes to stdout, the rest to stderr. With --json each command writes one JSON
object a line: a header, the data, and an end that says why there is no more.

` + exitHelp,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			if a.color != "auto" && a.color != "always" && a.color != "never" {
				return fmt.Errorf("--color is auto, always or never, not %q", a.color)
			}
			a.started = true
			return nil
		},
	}
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	flags := root.PersistentFlags()
	flags.BoolVar(&a.json, "json", false, "write JSON, one object a line")
	flags.StringVar(&a.color, "color", "auto", "color the text: auto, always or never; NO_COLOR turns auto off")
	flags.StringVar(&a.root, "root", "", "the protected tree, when DIR is a journal directory that does not lie right in it")
	flags.BoolVar(&a.noPager, "no-pager", false, "never pipe text on a terminal through $PAGER")
	root.AddCommand(statusCommand(a), dumpCommand(a), txCommand(a), catCommand(a), checkCommand(a), explainCommand(a),
		planCommand(a), timelineCommand(a), statsCommand(a), salvageCommand(a), versionCommand(a))
	return root
}

// outcome is how a look at a journal went.
type outcome struct {
	health inspect.Health
	reason string // why there is no more: how the log ended
}

// end is the last of the JSON lines.
type end struct {
	Reason string `json:"reason"`
	Health string `json:"health,omitempty"` // of the journal, when it is known
	Error  string `json:"error,omitempty"`
	Exit   int    `json:"exit"`
}

// look finds the journal and lets fn look at it, between the first and the last
// line of output.
func (a *app) look(cmd *cobra.Command, dir string, fn func(ctx context.Context, j *inspect.Journal) (outcome, error)) error {
	finish := a.open(cmd.Name() != "status")
	j, err := inspect.Find(dir, a.root)
	if err != nil {
		j = &inspect.Journal{}
	}
	if a.json {
		a.lines.Header(cmd.Name(), j)
	}
	var o outcome
	if err == nil {
		err = j.CheckVersion()
	}
	if err == nil {
		done := a.progress(j)
		o, err = fn(cmd.Context(), j)
		done()
	}
	a.health = o.health
	if a.json {
		a.lines.Line("end", a.end(o, err))
	}
	if flushErr := finish(); err == nil {
		err = flushErr
	}
	return err
}

func (a *app) end(o outcome, err error) end {
	if err == nil {
		return end{Reason: o.reason, Health: o.health.String(), Exit: healthCodes[o.health]}
	}
	e := end{Reason: "error", Error: err.Error(), Exit: exitCode(err)}
	if e.Exit == exitInterrupt {
		e.Reason = "interrupted"
	}
	return e
}

// open makes the output ready. The function it returns flushes it and waits for
// the pager, if there is one.
func (a *app) open(page bool) (finish func() error) {
	if a.json {
		a.lines = inspect.NewLines(a.stdout)
		return a.lines.Flush
	}
	color := a.colored()
	w, wait := a.stdout, func() error { return nil }
	if page && !a.noPager && isTerminal(a.stdout) {
		w, wait = startPager(a.stdout, a.stderr)
	}
	a.text = inspect.NewPrinter(w, color)
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
