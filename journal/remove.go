package journal

import (
	"fmt"
	"io/fs"
	"syscall"

	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/journal/record"
)

// Remove removes a file, a symbolic link or an empty directory.
func (tx *Tx) Remove(name string) error {
	return tx.fail("remove", name, tx.remove(name))
}

func (tx *Tx) remove(name string) error {
	if err := tx.depend(); err != nil {
		return err
	}
	tree := tx.tree()
	p, e, err := tx.target(name, false)
	if err != nil {
		return err
	}
	if !e.Exists() {
		return fs.ErrNotExist
	}
	if e.Mode.IsDir() {
		entries, err := tree.ReadDir(p)
		if err != nil {
			return err
		}
		if len(entries) > 0 || tx.owner.dir.IsBelow(p) {
			return syscall.ENOTEMPTY
		}
	}
	tx.add(record.Intent{Op: record.OpRemove, Path: p}, e)
	return nil
}

// RemoveAll removes name and everything in it. It is no error if nothing is there.
func (tx *Tx) RemoveAll(name string) error {
	return tx.fail("remove all", name, tx.removeAll(name))
}

func (tx *Tx) removeAll(name string) error {
	if err := tx.depend(); err != nil {
		return err
	}
	p, e, err := tx.target(name, false)
	if fsx.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if tx.owner.dir.IsBelow(p) {
		return errHoldsJournal
	}
	if !e.Exists() {
		return nil
	}
	op := record.OpRemoveAll
	if !e.Mode.IsDir() {
		op = record.OpRemove
	}
	tx.add(record.Intent{Op: op, Path: p}, e)
	return nil
}

var errHoldsJournal = fmt.Errorf("the journal directory is in it: %w", fs.ErrInvalid)
