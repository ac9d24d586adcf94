package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/forewrite/forewrite/internal/inspect"
	"github.com/forewrite/forewrite/internal/inspect/wording"
	"github.com/forewrite/forewrite/journal/record"
)

// The exit codes. They are stable: a code keeps its meaning in all later versions.
const (
	exitClean         = 0
	exitFailed        = 1
	exitUsage         = 2
	exitNeedsRecovery = 3
	exitCorrupt       = 4
	exitForeign       = 5
	exitNoJournal     = 10
	exitNewer         = 11
	exitInterrupt     = 130
)

const exitHelp = `Exit codes, which are stable:
  0    healthy
  1    the command failed
  2    wrong usage
  3    needs recovery: the next open has something to do, and will do it
  4    corrupt: bytes that the journal had acknowledged are damaged or missing
  5    foreign file: a file matches no version that the log knows
  10   there is no journal
  11   written by a newer version
  130  interrupted`

var healthCodes = map[inspect.Health]int{
	inspect.Healthy:       exitClean,
	inspect.NeedsRecovery: exitNeedsRecovery,
	inspect.Foreign:       exitForeign,
	inspect.Corrupt:       exitCorrupt,
	inspect.Newer:         exitNewer,
}

// usageError is a mistake on the command line that cobra does not detect.
type usageError struct{ error }

// exitCode returns the code for an error.
func exitCode(err error) int {
	var usage usageError
	switch {
	case err == nil:
		return exitClean
	case errors.As(err, &usage):
		return exitUsage
	case errors.Is(err, context.Canceled):
		return exitInterrupt
	case errors.Is(err, inspect.ErrNoJournal):
		return exitNoJournal
	case errors.Is(err, record.ErrVersion):
		return exitNewer
	case errors.Is(err, inspect.ErrDamaged):
		return exitCorrupt
	}
	return exitFailed
}

// exit writes the error, if there is one, and returns the exit code.
func (a *app) exit(err error) int {
	if err == nil {
		return healthCodes[a.health]
	}
	if !a.parsed {
		err = usageError{err}
	}
	text := wording.Clean(err.Error())
	if errors.Is(err, context.Canceled) {
		text = "interrupted"
	}
	fmt.Fprintf(a.stderr, "journal-inspect: %s\n", text)
	code := exitCode(err)
	if code == exitUsage {
		fmt.Fprintln(a.stderr, "Run 'journal-inspect --help' for usage.")
	}
	return code
}
