package journal

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"runtime"
	"strings"
	"syscall"

	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/internal/overlay"
	"github.com/forewrite/forewrite/journal/record"
)

// Mkdir makes a directory. It fails if something is there.
func (tx *Tx) Mkdir(name string, perm fs.FileMode) error {
	return tx.fail("mkdir", name, tx.mkdir(name, perm))
}

func (tx *Tx) mkdir(name string, perm fs.FileMode) error {
	if err := tx.depend(); err != nil {
		return err
	}
	p, e, err := tx.target(name, false)
	if err != nil {
		return err
	}
	if e.Exists() {
		return fs.ErrExist
	}
	tx.add(record.Intent{Op: record.OpMkdir, Path: p, Mode: (perm &^ tx.owner.umask) & fsx.ModeMask}, e)
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
	if err := overlay.CheckName(name); err != nil {
		return err
	}
	_, e, err := tx.tree().Resolve(name, true)
	switch {
	case err == nil && e.Exists() && !e.Mode.IsDir():
		return syscall.ENOTDIR
	case err == nil && e.Exists():
		return nil
	case err != nil && !fsx.IsNotExist(err):
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
	p, e, err := tx.target(name, true)
	if err != nil {
		return err
	}
	if !e.Exists() {
		return fs.ErrNotExist
	}
	if e.Source == overlay.SourceDisk && !mayChmod(e.UID) {
		return fs.ErrPermission // found out now, as the change comes after the commit point
	}
	tx.add(record.Intent{Op: record.OpChmod, Path: p, Mode: mode & fsx.ModeMask}, e)
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
		return fmt.Errorf("the target of a symbolic link must not be empty or contain NUL: %w", fs.ErrInvalid)
	}
	p, e, err := tx.target(name, false)
	if err != nil {
		return err
	}
	if e.Exists() {
		return fs.ErrExist
	}
	tx.add(record.Intent{Op: record.OpSymlink, Path: p, Mode: 0o777, Payload: record.Inline([]byte(target))}, e)
	return nil
}
