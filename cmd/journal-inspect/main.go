// Journal-inspect shows what a journal holds, what a crash did to it, and what the
// next open will do. It never changes what it looks at, and works beside a live
// owner.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
)

func main() {
	// The first interrupt ends a scan, which shows what it saw; the second ends
	// the program.
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
