// Ledger shows what forewrite is for. It keeps accounts as ordinary JSON files and
// lets many goroutines move money between them; each transfer changes two account
// files and an append-only audit file, as one transaction. In the middle of this it
// is killed, again and again. After each kill it recovers and checks that no money
// was made or lost, that the audit agrees with the balances, and that every
// transfer which was reported as done is there.
//
//	go run ./examples/ledger
//
// The exit status is 1 if any check fails. The files stay behind to be looked at.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
)

// config is what the flags say.
type config struct {
	root     string
	kills    int
	accounts int
	workers  int
	seed     uint64
}

func main() {
	var c config
	worker := flag.Bool("worker", false, "make transfers until killed (the program runs itself with this)")
	flag.StringVar(&c.root, "root", "", "directory for the files (default a new temporary one)")
	flag.IntVar(&c.kills, "kills", 25, "how many times to kill")
	flag.IntVar(&c.accounts, "accounts", 32, "number of accounts")
	flag.IntVar(&c.workers, "workers", 8, "goroutines that make transfers")
	flag.Uint64Var(&c.seed, "seed", 0, "seed of the run (default a random one)")
	flag.Parse()
	if err := check(c); err != nil {
		fmt.Fprintln(os.Stderr, "ledger:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	if *worker {
		err = work(ctx, c)
	} else {
		err = supervise(ctx, c)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "ledger:", err)
		os.Exit(1)
	}
}

func check(c config) error {
	switch {
	case flag.NArg() > 0:
		return fmt.Errorf("unexpected argument %q", flag.Arg(0))
	case c.kills < 1, c.workers < 1:
		return errors.New("-kills and -workers must be 1 or more")
	case c.accounts < 2:
		return errors.New("-accounts must be 2 or more")
	}
	return nil
}
