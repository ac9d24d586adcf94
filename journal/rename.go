package journal

import (
	"fmt"
	"io/fs"
	"path"

	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/internal/layout"
	"github.com/forewrite/forewrite/internal/overlay"
	"github.com/forewrite/forewrite/journal/record"
)

// Rename moves a file, a symbolic link or a directory with everything in it to another
// name. A file or link there is replaced; a directory is not. Within a transaction,
// files can be swapped and names passed on in any order.
//
// The log can't say "move", which would not be safe to do twice. A file keeps its inode
// by a hard link in staging; a directory is made anew and each of its files linked into
// it, so that the cost grows with their number, and owner and extended attributes of
// the directories themselves are not carried over.
func (tx *Tx) Rename(from, to string) error {
	return tx.failTwo("rename", from, to, tx.rename(from, to))
}

func (tx *Tx) rename(from, to string) error {
	if err := tx.depend(); err != nil {
		return err
	}
	src, e, err := tx.target(from, false)
	if err != nil {
		return err
	}
	if !e.Exists() {
		return fs.ErrNotExist
	}
	dst, old, err := tx.target(to, false)
	if err != nil {
		return err
	}
	switch {
	case src == dst:
		return nil
	case tx.owner.dir.IsBelow(src):
		return errHoldsJournal
	case layout.Below(dst, src):
		return fmt.Errorf("a directory can't be moved into itself: %w", fs.ErrInvalid)
	case old.Exists() && old.Mode.IsDir(), old.Exists() && e.Mode.IsDir():
		return fs.ErrExist
	}
	return tx.move(src, dst, e, old)
}

// move makes dst what src is, and src nothing.
func (tx *Tx) move(src, dst string, e, old overlay.Entry) error {
	intents, err := tx.moved(nil, src, dst, e)
	if err != nil {
		return err
	}
	removal := record.Intent{Op: record.OpRemove, Path: src}
	if e.Mode.IsDir() {
		removal.Op = record.OpRemoveAll
	}
	tx.add(removal, e)
	for _, i := range intents {
		tx.add(i, old) // of a directory, everything that is made is new, as old is
	}
	return nil
}

// moved appends the intents that make dst what src is.
func (tx *Tx) moved(intents []record.Intent, src, dst string, e overlay.Entry) ([]record.Intent, error) {
	i := record.Intent{Path: dst, Mode: e.Mode & fsx.ModeMask}
	switch {
	case e.Mode.IsRegular():
		payload, err := tx.preserve(src, e)
		if err != nil {
			return nil, err
		}
		i.Op, i.Payload = record.OpPut, payload
		return append(intents, i), nil
	case e.Mode&fs.ModeSymlink != 0:
		target, err := tx.tree().Readlink(src, e)
		if err != nil {
			return nil, err
		}
		i.Op, i.Mode, i.Payload = record.OpSymlink, 0o777, record.Inline([]byte(target))
		return append(intents, i), nil
	case !e.Mode.IsDir():
		return nil, fmt.Errorf("%s is not a file, directory or symbolic link: %w", src, fs.ErrInvalid)
	}
	i.Op = record.OpMkdir
	intents = append(intents, i)
	entries, err := tx.tree().ReadDir(src)
	if err != nil {
		return nil, err
	}
	for _, in := range entries {
		intents, err = tx.moved(intents, path.Join(src, in.Name()), path.Join(dst, in.Name()), in.Entry())
		if err != nil {
			return nil, err
		}
	}
	return intents, nil
}

// preserve returns a payload for the content of the file e at p, under a name in
// staging that only this transaction has.
func (tx *Tx) preserve(p string, e overlay.Entry) (record.Payload, error) {
	for {
		switch {
		case e.Source == overlay.SourceDisk:
			return tx.preserveDisk(p, e)
		case e.Source == overlay.SourceOwn, e.Change.Payload.Kind == record.PayloadInline:
			return e.Change.Payload, nil
		}
		payload, err := tx.preserveStaged(e.Change.Payload)
		if !fsx.IsNotExist(err) {
			return payload, err
		}
		// It was put into place and checkpointed since it was looked up.
		missing := e.Change
		if e, err = tx.tree().Lstat(p); err != nil {
			return record.Payload{}, err
		}
		if !e.Exists() || e.Change == missing { // its payload is gone
			return record.Payload{}, fs.ErrNotExist
		}
	}
}

// preserveStaged links a staged payload of another transaction.
func (tx *Tx) preserveStaged(payload record.Payload) (record.Payload, error) {
	name := tx.owner.files.Staging.NewName()
	if err := tx.owner.files.Staging.Link(payload.Name, name); err != nil {
		return record.Payload{}, err
	}
	tx.staged = append(tx.staged, name)
	payload.Name = name
	return payload, nil
}

// preserveDisk links the file at p into staging, or copies it where that is refused.
func (tx *Tx) preserveDisk(p string, e overlay.Entry) (record.Payload, error) {
	name, linked, err := tx.owner.files.Staging.LinkIn(p)
	if err != nil {
		return record.Payload{}, err
	}
	if linked {
		tx.staged = append(tx.staged, name)
		fi, err := tx.owner.files.Staging.Root.Lstat(name)
		if err != nil {
			return record.Payload{}, err
		}
		return record.Payload{Kind: record.PayloadLinked, Name: name, Size: fi.Size(), MTime: fi.ModTime().UnixNano()}, nil
	}
	file, err := tx.tree().Open(p, e)
	if err != nil {
		return record.Payload{}, err
	}
	defer file.Close()
	return tx.stage(file)
}
