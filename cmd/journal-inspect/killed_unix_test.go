//go:build unix

package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"syscall"

	"github.com/forewrite/forewrite/journal"
)

// commitAndDie is a program of its own: it commits N transactions to the tree ROOT
// and kills itself.
func commitAndDie() {
	ctx := context.Background()
	j, err := journal.Open(ctx, os.Args[1], &journal.Options{CheckpointIdle: -1})
	if err != nil {
		panic(err)
	}
	n, err := strconv.Atoi(os.Args[2])
	if err != nil {
		panic(err)
	}
	for i := range n {
		err := j.Update(ctx, func(tx *journal.Tx) error {
			if err := tx.WriteFile("count", fmt.Appendln(nil, i), 0o644); err != nil {
				return err
			}
			return tx.WriteFile(fmt.Sprintf("file-%d", i), []byte("content\n"), 0o644)
		})
		if err != nil {
			panic(err)
		}
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
		panic(err)
	}
	select {}
}

func init() { programs["commit-and-die"] = commitAndDie }
