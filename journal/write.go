package journal

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"

	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/internal/overlay"
	"github.com/forewrite/forewrite/journal/record"
)

// WriteFile makes data the content of the file name. A new file gets the permissions
// perm, less the umask; an existing one keeps its mode, owner and extended attributes.
// A symbolic link is followed. The data is copied.
func (tx *Tx) WriteFile(name string, data []byte, perm fs.FileMode) error {
	return tx.fail("write", name, tx.writeFile(name, data, perm))
}

func (tx *Tx) writeFile(name string, data []byte, perm fs.FileMode) error {
	if err := tx.checkWrite(name, perm); err != nil {
		return err
	}
	payload, err := tx.payload(data)
	if err != nil {
		return err
	}
	return tx.write(blindPut{name, payload, perm &^ tx.owner.umask})
}

func (tx *Tx) checkWrite(name string, perm fs.FileMode) error {
	if err := tx.check(); err != nil {
		return err
	}
	if perm&^fsx.ModeMask != 0 {
		return fmt.Errorf("mode %v has more than permission, set-id and sticky bits: %w", perm, fs.ErrInvalid)
	}
	return overlay.CheckName(name)
}

// write adds a put: now if the writer lock is held, else at Commit or at the first
// operation that needs it.
func (tx *Tx) write(b blindPut) error {
	if tx.locked {
		return tx.put(b)
	}
	tx.blind = append(tx.blind, b)
	return nil
}

// payload stores data: in the log when it is small, else in staging.
func (tx *Tx) payload(data []byte) (record.Payload, error) {
	if tx.inlines(int64(len(data))) {
		tx.inline += int64(len(data))
		return record.Inline(bytes.Clone(data)), nil
	}
	return tx.stage(bytes.NewReader(data))
}

// inlines reports whether content of this size goes into the log.
func (tx *Tx) inlines(size int64) bool {
	return size <= tx.owner.opts.InlineLimit && tx.inline+size <= maxInlineTx
}

// stage writes what r has to a new file in staging.
func (tx *Tx) stage(r io.Reader) (record.Payload, error) {
	w, err := tx.owner.files.Staging.NewWriter()
	if err != nil {
		return record.Payload{}, err
	}
	tx.staged = append(tx.staged, w.Name)
	defer w.Close()
	if _, err := io.Copy(w, r); err != nil {
		return record.Payload{}, err
	}
	return w.Finish()
}

// store stores what r has, which is expected to be size bytes.
func (tx *Tx) store(r io.Reader, size int64) (record.Payload, error) {
	if !tx.inlines(size) {
		return tx.stage(r)
	}
	data, err := overlay.ReadSized(r, size)
	if err != nil {
		return record.Payload{}, err
	}
	return tx.payload(data)
}

// Append adds data to the end of the file name, which is made with perm, less the
// umask, if it is missing. The whole file is written anew: for a long file, append
// rarely and much, or begin another.
func (tx *Tx) Append(name string, data []byte, perm fs.FileMode) error {
	return tx.fail("append", name, tx.appendFile(name, data, perm))
}

func (tx *Tx) appendFile(name string, data []byte, perm fs.FileMode) error {
	if err := tx.depend(); err != nil {
		return err
	}
	tree := tx.tree()
	p, e, err := tree.Resolve(name, true)
	if err != nil {
		return err
	}
	if !e.Exists() {
		return tx.writeFile(name, data, perm)
	}
	if err := overlay.CheckRegular(e.Mode); err != nil {
		return err
	}
	old, err := tree.Open(p, e)
	if err != nil {
		return err
	}
	defer old.Close()
	payload, err := tx.store(io.MultiReader(old, bytes.NewReader(data)), e.Size+int64(len(data)))
	if err != nil {
		return err
	}
	return tx.put(blindPut{name, payload, e.Mode})
}

// Copy makes the content of the file from that of to. A new file gets the mode of from
// too; an existing one keeps its own. Symbolic links are followed.
func (tx *Tx) Copy(from, to string) error {
	return tx.failTwo("copy", from, to, tx.copyFile(from, to))
}

func (tx *Tx) copyFile(from, to string) error {
	if err := tx.depend(); err != nil {
		return err
	}
	tree := tx.tree()
	p, e, err := tree.Stat(from, true)
	if err != nil {
		return err
	}
	if err := overlay.CheckRegular(e.Mode); err != nil {
		return err
	}
	src, err := tree.Open(p, e)
	if err != nil {
		return err
	}
	defer src.Close()
	payload, err := tx.store(src, e.Size)
	if err != nil {
		return err
	}
	return tx.put(blindPut{to, payload, e.Mode})
}
