package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// verify reads the files as any other program would, and checks that they agree
// with each other and with what was acknowledged. It returns the number of
// transfers in the audit.
func verify(root string, accounts int, acknowledged map[string]bool) (int, error) {
	audit, err := readAudit(filepath.Join(root, "audit"))
	if errors.Is(err, fs.ErrNotExist) && len(acknowledged) == 0 {
		return 0, nil // killed before the accounts were opened
	}
	if err != nil {
		return 0, err
	}
	balances := make([]int, accounts)
	for n := range balances {
		balances[n] = opening
	}
	seen := make(map[string]bool, len(audit))
	for _, t := range audit {
		if seen[t.ID] {
			return 0, fmt.Errorf("transfer %s is in the audit twice", t.ID)
		}
		seen[t.ID] = true
		balances[t.From] -= t.Amount
		balances[t.To] += t.Amount
	}
	for id := range acknowledged {
		if !seen[id] {
			return 0, fmt.Errorf("transfer %s was acknowledged and is not in the audit", id)
		}
	}
	return len(audit), checkBalances(root, balances)
}

func checkBalances(root string, want []int) error {
	sum := 0
	for n, balance := range want {
		data, err := os.ReadFile(filepath.Join(root, accountFile(n)))
		if err != nil {
			return err
		}
		var a account
		if err := json.Unmarshal(data, &a); err != nil {
			return fmt.Errorf("%s: %w", accountFile(n), err)
		}
		if a.Balance != balance {
			return fmt.Errorf("%s: the balance is %d, by the audit it is %d", accountFile(n), a.Balance, balance)
		}
		sum += a.Balance
	}
	if sum != len(want)*opening {
		return fmt.Errorf("the balances add up to %d, not to %d", sum, len(want)*opening)
	}
	return nil
}

func readAudit(dir string) ([]transfer, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var audit []transfer
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			return nil, err
		}
		for line := range bytes.Lines(data) {
			var t transfer
			if err := json.Unmarshal(line, &t); err != nil {
				return nil, fmt.Errorf("%s: %w", f.Name(), err)
			}
			audit = append(audit, t)
		}
	}
	return audit, nil
}
