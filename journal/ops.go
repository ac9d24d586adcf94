package journal

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"runtime"
	"strings"
	"syscall"

	"github.com/forewrite/forewrite/atomic"
	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/journal/record"
)

// WriteFile makes data the content of the file name. A new file gets the
// permissions perm, less the umask; one that exists keeps its mode, owner and
// extended attributes. A symbolic link is followed. The data is copied.
func (tx *Tx) WriteFile(name string, data []byte, perm fs.FileMode) error {
	if err := tx.checkWrite(name); err != nil {
		return tx.fail("write", name, err)
	}
	payload, err := tx.payload(data)
	if err != nil {
		return tx.fail("write", name, err)
	}
	return tx.fail("write", name, tx.write(blindPut{name, payload, perm &^ tx.j.umask}))
}

func (tx *Tx) checkWrite(name string) error {
	if err := tx.check(); err != nil {
		return err
	}
	if !validName(name) {
		return fs.ErrInvalid
	}
	return nil
}

// write adds a put: now when the writer lock is held, else at Commit or at the
// first operation that needs it.
func (tx *Tx) write(b blindPut) error {
	if tx.locked {
		return tx.put(b)
	}
	tx.blind = append(tx.blind, b)
	return nil
}

// payload keeps data: for the log when it is small, else in staging.
func (tx *Tx) payload(data []byte) (record.Payload, error) {
	if tx.inlines(int64(len(data))) {
		tx.inline += int64(len(data))
		return record.Inline(bytes.Clone(data)), nil
	}
	return tx.stage(bytes.NewReader(data))
}

func (tx *Tx) inlines(size int64) bool {
	return size <= tx.j.opts.InlineLimit && tx.inline+size <= maxInlineTx
}

// Append adds data to the end of the file name, which is made with perm, less the
// umask, if it is missing. The whole file is written anew: for a long file, append
// rarely and much, or begin another.
func (tx *Tx) Append(name string, data []byte, perm fs.FileMode) error {
	return tx.fail("append", name, tx.append(name, data, perm))
}

func (tx *Tx) append(name string, data []byte, perm fs.FileMode) error {
	if err := tx.depend(); err != nil {
		return err
	}
	p, n, err := tx.tree.resolve(name, true)
	if err != nil {
		return err
	}
	if !n.exists() {
		return tx.WriteFile(name, data, perm)
	}
	if err := checkRegular(n.mode); err != nil {
		return err
	}
	old, err := tx.tree.content(p, n)
	if err != nil {
		return err
	}
	defer old.Close()
	payload, err := tx.copied(io.MultiReader(old, bytes.NewReader(data)), n.size+int64(len(data)))
	if err != nil {
		return err
	}
	return tx.put(blindPut{name, payload, n.mode})
}

// copied keeps what r has, which is expected to be size bytes.
func (tx *Tx) copied(r io.Reader, size int64) (record.Payload, error) {
	if !tx.inlines(size) {
		return tx.stage(r)
	}
	data, err := readSized(r, size)
	if err != nil {
		return record.Payload{}, err
	}
	return tx.payload(data)
}

// Copy makes the content of the file from that of to. A new file gets the mode of
// from too; one that exists keeps its own. Symbolic links are followed.
func (tx *Tx) Copy(from, to string) error {
	return tx.fail("copy", from, tx.copy(from, to))
}

func (tx *Tx) copy(from, to string) error {
	if err := tx.depend(); err != nil {
		return err
	}
	p, n, err := tx.tree.stat(from, true)
	if err != nil {
		return err
	}
	if err := checkRegular(n.mode); err != nil {
		return err
	}
	src, err := tx.tree.content(p, n)
	if err != nil {
		return err
	}
	defer src.Close()
	payload, err := tx.copied(src, n.size)
	if err != nil {
		return err
	}
	return tx.fail("copy", to, tx.put(blindPut{to, payload, n.mode}))
}

// Remove removes a file, a symbolic link or an empty directory.
func (tx *Tx) Remove(name string) error {
	return tx.fail("remove", name, tx.remove(name))
}

func (tx *Tx) remove(name string) error {
	if err := tx.depend(); err != nil {
		return err
	}
	p, n, err := tx.tree.stat(name, false)
	if err != nil {
		return err
	}
	if p == "." {
		return fs.ErrInvalid
	}
	if n.mode.IsDir() {
		entries, err := tx.tree.readDir(p)
		if err != nil {
			return err
		}
		if len(entries) > 0 || tx.j.within(p) {
			return syscall.ENOTEMPTY
		}
	}
	tx.add(record.Intent{Op: record.OpRemove, Path: p}, n)
	return nil
}

// RemoveAll removes name and everything in it. It is no error if nothing is there.
func (tx *Tx) RemoveAll(name string) error {
	return tx.fail("remove", name, tx.removeAll(name))
}

func (tx *Tx) removeAll(name string) error {
	if err := tx.depend(); err != nil {
		return err
	}
	p, n, err := tx.tree.resolve(name, false)
	if fsx.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if p == "." || tx.j.within(p) {
		return fmt.Errorf("the journal directory lies in it: %w", fs.ErrInvalid)
	}
	if !n.exists() {
		return nil
	}
	op := record.OpRemoveAll
	if !n.mode.IsDir() {
		op = record.OpRemove
	}
	tx.add(record.Intent{Op: op, Path: p}, n)
	return nil
}

// within reports whether the journal directory lies beneath dir.
func (j *Journal) within(dir string) bool { return apply.Beneath(j.opts.Dir, dir) }

// Mkdir makes a directory. It fails if something is there.
func (tx *Tx) Mkdir(name string, perm fs.FileMode) error {
	return tx.fail("mkdir", name, tx.mkdir(name, perm))
}

func (tx *Tx) mkdir(name string, perm fs.FileMode) error {
	if err := tx.depend(); err != nil {
		return err
	}
	p, n, err := tx.tree.resolve(name, false)
	if err != nil {
		return err
	}
	if n.exists() {
		return fs.ErrExist
	}
	tx.add(record.Intent{Op: record.OpMkdir, Path: p, Mode: (perm &^ tx.j.umask) & fsx.ModeMask}, n)
	return nil
}

// MkdirAll makes a directory and those above it that are missing.
func (tx *Tx) MkdirAll(name string, perm fs.FileMode) error {
	return tx.fail("mkdir", name, tx.mkdirAll(name, perm))
}

func (tx *Tx) mkdirAll(name string, perm fs.FileMode) error {
	if err := tx.depend(); err != nil {
		return err
	}
	if name == "." {
		return nil
	}
	_, n, err := tx.tree.resolve(name, true)
	switch {
	case err == nil && n.exists() && !n.mode.IsDir():
		return syscall.ENOTDIR
	case err == nil && n.exists():
		return nil
	case err != nil && !fsx.IsNotExist(err) || !validName(name):
		return err
	}
	if err := tx.mkdirAll(path.Dir(name), perm); err != nil {
		return err
	}
	return tx.mkdir(name, perm)
}

// Chmod sets the mode of a file or directory. A symbolic link is followed.
func (tx *Tx) Chmod(name string, mode fs.FileMode) error {
	return tx.fail("chmod", name, tx.chmod(name, mode))
}

func (tx *Tx) chmod(name string, mode fs.FileMode) error {
	if err := tx.depend(); err != nil {
		return err
	}
	p, n, err := tx.tree.stat(name, true)
	if err != nil {
		return err
	}
	if p == "." {
		return fs.ErrInvalid
	}
	if n.disk && !mayChmod(n.uid) {
		return fs.ErrPermission // found out now, as the change comes after the commit point
	}
	tx.add(record.Intent{Op: record.OpChmod, Path: p, Mode: mode & fsx.ModeMask}, n)
	return nil
}

// mayChmod reports whether the mode can be changed: by the owner, and by root.
func mayChmod(owner uint32) bool {
	return runtime.GOOS == "windows" || os.Geteuid() == 0 || int(owner) == os.Geteuid()
}

// Symlink makes name a symbolic link to target, which need not exist. It fails if
// something is at name. A target that leads out of the root is not refused here;
// operations that go through the link are.
func (tx *Tx) Symlink(target, name string) error {
	return tx.fail("symlink", name, tx.symlink(target, name))
}

func (tx *Tx) symlink(target, name string) error {
	if err := tx.depend(); err != nil {
		return err
	}
	if target == "" || strings.IndexByte(target, 0) >= 0 {
		return fs.ErrInvalid
	}
	p, n, err := tx.tree.resolve(name, false)
	if err != nil {
		return err
	}
	if n.exists() {
		return fs.ErrExist
	}
	tx.add(record.Intent{Op: record.OpSymlink, Path: p, Mode: 0o777, Payload: record.Inline([]byte(target))}, n)
	return nil
}

// Stat describes the file name; symbolic links are followed. The modification
// time of a file that is not in place yet is that of the transaction.
func (tx *Tx) Stat(name string) (fs.FileInfo, error) {
	if err := tx.depend(); err != nil {
		return nil, tx.fail("stat", name, err)
	}
	_, n, err := tx.shown().stat(name, true)
	if err != nil {
		return nil, tx.fail("stat", name, err)
	}
	return info{path.Base(name), n}, nil
}

// ReadFile returns the content of the file name.
func (tx *Tx) ReadFile(name string) ([]byte, error) {
	data, err := tx.readFile(name)
	return data, tx.fail("read", name, err)
}

func (tx *Tx) readFile(name string) ([]byte, error) {
	if err := tx.depend(); err != nil {
		return nil, err
	}
	p, n, err := tx.tree.stat(name, true)
	if err != nil {
		return nil, err
	}
	if err := checkRegular(n.mode); err != nil {
		return nil, err
	}
	return tx.tree.readAll(p, n)
}

// Expect makes the transaction fail with ErrConflict unless the file name is in
// the version v, as atomic.VersionOf gave it. The zero Version expects that there
// is no file.
func (tx *Tx) Expect(name string, v atomic.Version) error {
	return tx.fail("expect", name, tx.expect(name, v))
}

func (tx *Tx) expect(name string, v atomic.Version) error {
	if err := tx.depend(); err != nil {
		return err
	}
	is, err := tx.version(name)
	if err != nil {
		return err
	}
	if is != v {
		return fmt.Errorf("%w: it is %v, expected %v", ErrConflict, is, v)
	}
	return nil
}

func (tx *Tx) version(name string) (atomic.Version, error) {
	p, n, err := tx.tree.stat(name, true)
	if fsx.IsNotExist(err) {
		return atomic.Version{}, nil
	}
	if err != nil {
		return atomic.Version{}, err
	}
	if err := checkRegular(n.mode); err != nil {
		return atomic.Version{}, err
	}
	file, err := tx.tree.content(p, n)
	if err != nil {
		return atomic.Version{}, err
	}
	defer file.Close()
	return atomic.VersionOfReader(file)
}

// checkRegular refuses what can't be read or replaced like a file.
func checkRegular(mode fs.FileMode) error {
	switch {
	case mode.IsRegular():
		return nil
	case mode.IsDir():
		return syscall.EISDIR
	}
	return fmt.Errorf("not a regular file: %w", fs.ErrInvalid)
}
