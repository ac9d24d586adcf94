package atomic

import (
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/forewrite/forewrite/internal/fsx"
)

// Options changes how a file is written. A nil *Options means the defaults, as the
// zero Options does: durable, metadata kept, symbolic links followed, missing
// parent directories made. What can't be obeyed is an error that is fs.ErrInvalid.
type Options struct {
	// Root, unless nil, is the directory that names are relative to. Nothing outside
	// of it is read or written, whatever symbolic links there are. For the lock of
	// [UpdateJSON], Root.Name() must still be a path of that directory. Default: nil,
	// the whole file system.
	Root *os.Root

	// Symlink says what happens when the target is a symbolic link. Default:
	// [SymlinkFollow].
	Symlink SymlinkPolicy

	// RejectHardLinks makes a target with more than one hard link an error,
	// [ErrHardLink]. Windows does not report the number of links: nothing is
	// rejected. Default: false, the other names keep the old content.
	RejectHardLinks bool

	// NoClobber makes an existing target an error, fs.ErrExist. When several writers
	// create one file at the same time, exactly one succeeds. It needs a file system
	// with hard links, or Linux. Default: false.
	NoClobber bool

	// IfMatch, unless nil, makes it an error, [ErrConflict], when the file has
	// another [Version] than this; the zero Version means that there is no file. The
	// version is compared right before the rename, but file systems have no
	// compare-and-swap: only a lock that all writers acquire excludes a change in
	// between. With the zero Version nothing can come in between. Default: nil.
	IfMatch *Version

	// Backup, unless empty, is the suffix, such as "~" or ".bak", of the name under
	// which the old version is kept, in the same directory. It replaces the previous
	// backup, before the file changes. Default: "", no backup.
	Backup string

	// ExactMode, unless 0, is the mode of the file. It replaces the perm argument,
	// and neither the umask nor the mode of an existing file changes it. Default: 0,
	// a new file has the mode perm (0644 for JSON) less the umask, an existing one
	// keeps its own.
	ExactMode fs.FileMode

	// FreshMetadata gives the file the mode, owner, group and attributes of a new
	// one. Default: false, those of an existing file are kept.
	FreshMetadata bool

	// NoMkdir makes a missing parent directory an error, fs.ErrNotExist. Default:
	// false, missing parents are made with mode 0755 less the umask.
	NoMkdir bool

	// InPlace allows a write that is not atomic where nothing else is possible: a
	// file that is a mount point, as containers make of single files, can't be
	// replaced (syscall.EBUSY), so its content is overwritten. Readers can see a mix
	// of the old and the new content, and a crash can leave one. The directory must
	// be writable even so. Default: false.
	InPlace bool

	// NoSync makes the write atomic but not durable: readers see the old or the new
	// content, but a power loss may bring back the old one or, on some file systems,
	// leave an empty file. It is for content that can be made again. Default: false.
	NoSync bool

	// Lock limits the wait of [UpdateJSON] for its lock. Nothing else locks: there
	// it must be zero.
	Lock LockOptions
}

// LockOptions changes the wait for a lock. A nil *LockOptions means the defaults,
// as the zero LockOptions does.
type LockOptions struct {
	// Timeout is the longest time to wait. 0 means 30 seconds. A negative one means
	// not to wait at all: a lock that is not free is [ErrLocked] at once.
	Timeout time.Duration

	// OnWait, unless nil, is called once, when waiting begins. The [Holder] is the
	// zero one where it is not known. It should return soon, because the lock is not
	// tried before that. Default: nil.
	OnWait func(Holder)
}

// SymlinkPolicy is what happens to a target that is a symbolic link. Links among
// the directories above it are always followed.
type SymlinkPolicy int

const (
	// SymlinkFollow replaces the file that the link leads to, over any number of
	// links up to 40. The links stay. A link to nothing is [ErrDangling].
	SymlinkFollow SymlinkPolicy = iota
	// SymlinkReplace replaces the link by a regular file.
	SymlinkReplace
	// SymlinkReject makes a link an error, [ErrSymlink].
	SymlinkReject
)

// config is one call's Options, checked, with its other arguments.
type config struct {
	Options
	fsys  filesystem
	perm  fs.FileMode
	exact bool // perm, whatever the umask and the existing file's mode
}

// newConfig is for calls that don't lock.
func newConfig(perm fs.FileMode, opts *Options) (*config, error) {
	c, err := newLockingConfig(perm, opts)
	if err == nil && (c.Lock.Timeout != 0 || c.Lock.OnWait != nil) {
		return nil, fmt.Errorf("%w: Options.Lock is for UpdateJSON only; call Lock first", fs.ErrInvalid)
	}
	return c, err
}

func newLockingConfig(perm fs.FileMode, opts *Options) (*config, error) {
	c := &config{fsys: hostFS{}, perm: perm}
	if opts != nil {
		c.Options = *opts
	}
	if c.Root != nil {
		c.fsys = c.Root
	}
	if c.ExactMode != 0 {
		c.perm, c.exact = c.ExactMode, true
	}
	if c.perm&^fsx.ModeMask != 0 {
		return nil, fmt.Errorf("%w: mode %v has more than permission, set-id and sticky bits", fs.ErrInvalid, c.perm)
	}
	return c, c.check()
}

// check refuses what can't be obeyed.
func (o *Options) check() error {
	switch {
	case o.Symlink < SymlinkFollow || o.Symlink > SymlinkReject:
		return fmt.Errorf("%w: Options.Symlink is %d, which is none of the constants", fs.ErrInvalid, o.Symlink)
	case o.NoClobber && o.IfMatch != nil && o.IfMatch.Exists:
		return fmt.Errorf("%w: NoClobber wants no file and IfMatch wants one; set only one of them", fs.ErrInvalid)
	case o.InPlace && o.FreshMetadata:
		return fmt.Errorf("%w: a file written InPlace keeps its metadata, so FreshMetadata can't be obeyed", fs.ErrInvalid)
	case strings.ContainsFunc(o.Backup, func(r rune) bool { return r < 0x80 && os.IsPathSeparator(uint8(r)) }):
		return fmt.Errorf("%w: the Backup suffix %q must not contain a path separator", fs.ErrInvalid, o.Backup)
	}
	return nil
}
