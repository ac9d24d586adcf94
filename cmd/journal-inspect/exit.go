package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/forewrite/forewrite/internal/inspect"
	"github.com/forewrite/forewrite/journal/record"
	"github.com/forewrite/forewrite/recovery"
)

// The exit codes. They are stable.
const (
	exitClean     = 0
	exitFailed    = 1
	exitUsage     = 2
	exitPending   = 3
	exitCorrupt   = 4
	exitForeign   = 5
	exitNoJournal = 10
	exitNewer     = 11
	exitInterrupt = 130
)

const exitHelp = `Exit codes:
  0    clean
  1    it could not be done
  2    wrong usage
  3    recovery pending: the next open has something to do, which is harmless
  4    corruption
  5    a target matches nothing that the log knows
  10   no journal there
  11   written by a newer version
  130  interrupted`

var healthCodes = map[inspect.Health]int{
	inspect.Healthy: exitClean,
	inspect.Pending: exitPending,
	inspect.Foreign: exitForeign,
	inspect.Corrupt: exitCorrupt,
	inspect.Newer:   exitNewer,
}

// usageError is a mistake on the command line that cobra does not see.
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
	case errors.Is(err, inspect.ErrNoJournal), errors.Is(err, recovery.ErrNoJournal):
		return exitNoJournal
	case errors.Is(err, record.ErrVersion):
		return exitNewer
	case errors.Is(err, recovery.ErrCorrupt), errors.Is(err, inspect.ErrDamaged):
		return exitCorrupt
	}
	return exitFailed
}

// exit says what went wrong, if anything, and returns the exit code.
func (a *app) exit(err error) int {
	if err == nil {
		return healthCodes[a.health]
	}
	if !a.started { // cobra refused the command line
		err = usageError{err}
	}
	text := inspect.Clean(err.Error())
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
