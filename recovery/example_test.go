package recovery_test

import (
	"context"
	"fmt"
	"os"

	"github.com/forewrite/forewrite/journal"
	"github.com/forewrite/forewrite/journal/record"
	"github.com/forewrite/forewrite/recovery"
)

// Plan says what the next journal.Open will do, and changes nothing.
func ExamplePlan() {
	ctx := context.Background()
	root, err := os.MkdirTemp("", "example-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(root)
	if err := write(ctx, root, "settings.json"); err != nil {
		fmt.Println(err)
		return
	}
	report, err := recovery.Plan(ctx, root, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(report.Tail.State, report.Summary())
	// Output: clean closed cleanly, nothing to do
}

// Records reads the log of a journal, also beside its owner.
func ExampleRecords() {
	ctx := context.Background()
	root, err := os.MkdirTemp("", "example-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(root)
	if err := write(ctx, root, "settings.json"); err != nil {
		fmt.Println(err)
		return
	}
	for r, err := range recovery.Records(ctx, root, nil) {
		if err != nil {
			fmt.Println(err)
			return
		}
		if r.Record.Kind == record.KindClose {
			fmt.Println("closed; checkpoint LSN", r.Record.Mark.CheckpointLSN)
		}
	}
	// Output: closed; checkpoint LSN 2
}

// write commits one file and closes the journal.
func write(ctx context.Context, root, name string) error {
	j, err := journal.Open(ctx, root, nil)
	if err != nil {
		return err
	}
	defer j.Close()
	return j.Update(ctx, func(tx *journal.Tx) error {
		return tx.WriteFile(name, []byte("{}\n"), 0o644)
	})
}
