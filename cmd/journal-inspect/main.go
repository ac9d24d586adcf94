// Journal-inspect shows what a journal holds, what a crash did to it, and what the
// next open will do. It never changes what it looks at, and works while the journal is
// in use.
//
// Each subcommand has a file of its name. The transcripts in testdata show each of
// them at work.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
)

func main() {
	// The first interrupt ends a scan, and what it saw is shown; the second ends the
	// program at once.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run executes the command line and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	a := &app{stdout: stdout, stderr: stderr}
	root := rootCommand(a)
	root.SetArgs(args)
	return a.exit(root.ExecuteContext(ctx))
}
