package journal

import (
	"fmt"
	"io"
	"io/fs"
	"path"

	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/journal/record"
)

// Rename moves a file, a symbolic link or a directory with all that is in it to
// another name. A file or link there is replaced; a directory is not. Within a
// transaction, files can be swapped and names handed on in any order.
//
// The log can't say "move", which would not be safe to do twice. A file keeps its
// inode by a hard link in staging; a directory is made anew and each of its files
// linked into it, so that the cost grows with their number, and owner and extended
// attributes of the directories themselves are not carried over.
func (tx *Tx) Rename(from, to string) error {
	if err := tx.depend(); err != nil {
		return tx.fail("rename", from, err)
	}
	src, n, err := tx.tree.stat(from, false)
	if err != nil {
		return tx.fail("rename", from, err)
	}
	dst, old, err := tx.tree.resolve(to, false)
	if err != nil {
		return tx.fail("rename", to, err)
	}
	switch {
	case src == dst:
		return nil
	case src == "." || tx.j.within(src):
		return tx.fail("rename", from, fmt.Errorf("the journal directory lies in it: %w", fs.ErrInvalid))
	case apply.Beneath(dst, src):
		return tx.fail("rename", to, fmt.Errorf("a directory can't be moved into itself: %w", fs.ErrInvalid))
	case old.exists() && old.mode.IsDir(), old.exists() && n.mode.IsDir():
		return tx.fail("rename", to, fs.ErrExist)
	}
	return tx.fail("rename", from, tx.move(src, dst, n, old))
}

// move makes dst what src is, and src nothing.
func (tx *Tx) move(src, dst string, n, old node) error {
	intents, err := tx.moved(nil, src, dst, n)
	if err != nil {
		return err
	}
	gone := record.Intent{Op: record.OpRemove, Path: src}
	if n.mode.IsDir() {
		gone.Op = record.OpRemoveAll
	}
	tx.add(gone, n)
	for _, i := range intents {
		tx.add(i, old) // of a directory, all that is made is new, as old is
	}
	return nil
}

// moved appends the intents that make dst what src is.
func (tx *Tx) moved(intents []record.Intent, src, dst string, n node) ([]record.Intent, error) {
	i := record.Intent{Path: dst, Mode: n.mode & fsx.ModeMask}
	switch {
	case n.mode.IsRegular():
		payload, err := tx.keep(src, n)
		if err != nil {
			return nil, err
		}
		i.Op, i.Payload = record.OpPut, payload
		return append(intents, i), nil
	case n.mode&fs.ModeSymlink != 0:
		target, err := tx.tree.readLink(src, n)
		if err != nil {
			return nil, err
		}
		i.Op, i.Mode, i.Payload = record.OpSymlink, 0o777, record.Inline([]byte(target))
		return append(intents, i), nil
	case !n.mode.IsDir():
		return nil, fmt.Errorf("%s is not a file, directory or link: %w", src, fs.ErrInvalid)
	}
	i.Op = record.OpMkdir
	intents = append(intents, i)
	entries, err := tx.tree.readDir(src)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		intents, err = tx.moved(intents, path.Join(src, e.name), path.Join(dst, e.name), e.node)
		if err != nil {
			return nil, err
		}
	}
	return intents, nil
}

// keep returns a payload for the content of the file n at p, under a name in
// staging that only this transaction has.
func (tx *Tx) keep(p string, n node) (record.Payload, error) {
	switch {
	case n.change == nil:
		return tx.keepDisk(p, n)
	case n.own || n.change.Payload.Kind == record.PayloadInline:
		return n.change.Payload, nil
	}
	payload := n.change.Payload
	name := tx.j.files.NewName()
	if err := tx.j.files.Link(payload.Name, name); err != nil {
		return record.Payload{}, err
	}
	tx.staged = append(tx.staged, name)
	payload.Name = name
	return payload, nil
}

// keepDisk links the file at p into staging, or copies it where that is refused.
func (tx *Tx) keepDisk(p string, n node) (record.Payload, error) {
	name := tx.j.files.NewName()
	err := tx.j.root.Link(p, path.Join(tx.j.opts.Dir, "staging", name))
	if err == nil {
		tx.staged = append(tx.staged, name)
		fi, err := tx.j.files.Staging.Lstat(name)
		if err != nil {
			return record.Payload{}, err
		}
		return record.Payload{Kind: record.PayloadLinked, Name: name, Size: fi.Size(), MTime: fi.ModTime().UnixNano()}, nil
	}
	if !fsx.LinkUnsupported(err) {
		return record.Payload{}, err
	}
	file, err := tx.tree.content(p, n)
	if err != nil {
		return record.Payload{}, err
	}
	defer file.Close()
	return tx.stage(file)
}

// stage writes what r has to a new file in staging.
func (tx *Tx) stage(r io.Reader) (record.Payload, error) {
	s, err := tx.newStaged()
	if err != nil {
		return record.Payload{}, err
	}
	defer s.file.Close()
	if _, err := io.Copy(s, r); err != nil {
		return record.Payload{}, err
	}
	return s.finish()
}
