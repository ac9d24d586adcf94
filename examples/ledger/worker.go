package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"sync"

	"github.com/forewrite/forewrite/journal"
)

// account is the content of accounts/<n>.json.
type account struct {
	Owner   string `json:"owner"`
	Balance int    `json:"balance"`
}

// transfer is one line of an audit file.
type transfer struct {
	ID     string `json:"id"`
	From   int    `json:"from"`
	To     int    `json:"to"`
	Amount int    `json:"amount"`
}

const opening = 1000 // balance of each account at the beginning

func accountFile(n int) string { return fmt.Sprintf("accounts/%04d.json", n) }

// auditFile names the audit file of one run of the worker: an append writes the
// whole file anew, so that a new one is begun now and then.
func auditFile(run uint64) string { return fmt.Sprintf("audit/%016x.jsonl", run) }

// work makes transfers and prints the id of each one that is durable, until it is
// killed or its standard input ends, which is when the supervisor is gone.
func work(ctx context.Context, c config) error {
	j, err := journal.Open(ctx, c.root, nil)
	if err != nil {
		return err
	}
	defer j.Close()
	if err := openAccounts(ctx, j, c.accounts); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	errs := make(chan error, c.workers)
	var group sync.WaitGroup
	for n := range c.workers {
		group.Go(func() {
			if err := transfers(ctx, j, c, n); err != nil && ctx.Err() == nil {
				errs <- err
				cancel()
			}
		})
	}
	group.Wait()
	select {
	case err := <-errs:
		return err
	default:
		return nil
	}
}

// openAccounts makes the account files, all in one transaction, the first time.
func openAccounts(ctx context.Context, j *journal.Journal, accounts int) error {
	return j.Update(ctx, func(tx *journal.Tx) error {
		if _, err := tx.Stat("accounts"); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for _, dir := range []string{"accounts", "audit"} {
			if err := tx.Mkdir(dir, 0o755); err != nil {
				return err
			}
		}
		for n := range accounts {
			a := account{Owner: fmt.Sprintf("customer %d", n), Balance: opening}
			if err := journal.WriteJSON(tx, accountFile(n), a); err != nil {
				return err
			}
		}
		return nil
	})
}

func transfers(ctx context.Context, j *journal.Journal, c config, worker int) error {
	random := rand.New(rand.NewPCG(c.seed, uint64(worker)))
	for n := 0; ctx.Err() == nil; n++ {
		from := random.IntN(c.accounts)
		t := transfer{
			ID:     fmt.Sprintf("%x-%d-%d", c.seed, worker, n),
			From:   from,
			To:     (from + 1 + random.IntN(c.accounts-1)) % c.accounts,
			Amount: 1 + random.IntN(50),
		}
		err := j.Update(ctx, func(tx *journal.Tx) error { return t.make(tx, c.seed) })
		if err != nil {
			return err
		}
		fmt.Println(t.ID) // one write: from here on it must never be lost
	}
	return nil
}

// make moves the money and writes the audit: three files, one transaction.
func (t transfer) make(tx *journal.Tx, run uint64) error {
	from, err := journal.ReadJSON[account](tx.FS(), accountFile(t.From))
	if err != nil {
		return err
	}
	to, err := journal.ReadJSON[account](tx.FS(), accountFile(t.To))
	if err != nil {
		return err
	}
	from.Balance -= t.Amount
	to.Balance += t.Amount
	if err := journal.WriteJSON(tx, accountFile(t.From), from); err != nil {
		return err
	}
	if err := journal.WriteJSON(tx, accountFile(t.To), to); err != nil {
		return err
	}
	line, err := json.Marshal(t)
	if err != nil {
		return err
	}
	return tx.Append(auditFile(run), append(line, '\n'), 0o644)
}
