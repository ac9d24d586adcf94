package atomic

import (
	"io/fs"
	"os"
	"time"
)

// Option changes what one call does. The zero choice is the careful one: durable,
// metadata kept, symbolic links followed, parents made.
type Option interface{ apply(*config) }

// LockOption is an Option that also says something about a lock, so that
// [UpdateJSON] takes it like [Lock] does.
type LockOption interface {
	Option
	forLocks()
}

type config struct {
	tree        tree
	mode        fs.FileMode
	exactMode   bool
	fresh       bool
	symlink     symlinkPolicy
	rejectLinks bool
	noClobber   bool
	match       *Version
	backup      string
	noSync      bool
	noMkdir     bool
	inPlace     bool
	indent      string
	lockTimeout time.Duration
}

type symlinkPolicy int

const (
	followSymlink symlinkPolicy = iota
	replaceSymlink
	rejectSymlink
)

type option func(*config)

func (o option) apply(c *config) { o(c) }

func newConfig(perm fs.FileMode, opts []Option) *config {
	c := &config{tree: host{}, mode: perm, indent: "  "}
	for _, o := range opts {
		o.apply(c)
	}
	return c
}

// NoSync makes the write atomic but not durable: readers see the old or the new
// content, but a power loss may bring back the old one or, on file systems that
// order nothing, leave an empty file. It is for what can be made again.
func NoSync() Option { return option(func(c *config) { c.noSync = true }) }

// ExactMode gives the file exactly this mode: neither the umask nor the mode of an
// existing file has a say. It takes the place of the perm argument, and is how to
// give one to [WriteJSON].
func ExactMode(mode fs.FileMode) Option {
	return option(func(c *config) { c.mode, c.exactMode = mode, true })
}

// FreshMetadata makes the file as if there had been none: mode from the argument
// and the umask, owner and group of a new file, no extended attributes. Without
// it an existing file's are kept.
func FreshMetadata() Option { return option(func(c *config) { c.fresh = true }) }

// ReplaceSymlink replaces a symbolic link by the file. Without it the whole chain
// is followed, the link stays and the file that it leads to is replaced.
func ReplaceSymlink() Option { return option(func(c *config) { c.symlink = replaceSymlink }) }

// RejectSymlink fails with [ErrSymlink] when the target is a symbolic link.
// Directories on the way to it may be; see [InRoot] for more.
func RejectSymlink() Option { return option(func(c *config) { c.symlink = rejectSymlink }) }

// RejectHardLinks fails with [ErrHardLink] when the target has several names.
// Without it the name that was given gets the new content, and the other names
// keep the old. Windows does not tell the number of names: nothing is rejected.
func RejectHardLinks() Option { return option(func(c *config) { c.rejectLinks = true }) }

// NoClobber fails with fs.ErrExist when the target exists, however close before:
// of many that try at once, exactly one succeeds. It needs a file system with hard
// links, or Linux.
func NoClobber() Option { return option(func(c *config) { c.noClobber = true }) }

// IfMatch writes only when the file is still that version (see [VersionOf]; the
// zero Version means that there is none), and fails with [ErrConflict] otherwise.
// The version is looked at right before the rename, but a file system has no
// compare-and-swap: only a lock that all writers take closes the last gap. For the
// zero Version there is no gap.
func IfMatch(v Version) Option { return option(func(c *config) { c.match = &v }) }

// Backup keeps the old version, under the name of the file with the suffix, such
// as "~" or ".bak". It replaces the previous backup, and is in place before the
// file changes. An empty suffix means no backup.
func Backup(suffix string) Option { return option(func(c *config) { c.backup = suffix }) }

// NoMkdir fails with fs.ErrNotExist when the parent directory is missing. Without
// it the parents are made, with mode 0755 and the umask.
func NoMkdir() Option { return option(func(c *config) { c.noMkdir = true }) }

// InPlace allows what is not atomic, as a last resort: a file that is a mount
// point of its own, as containers make of single files, can't be replaced
// (syscall.EBUSY), so its content is overwritten. A reader can see a mix then, and
// so can everybody after a crash. The directory must be writable even so.
func InPlace() Option { return option(func(c *config) { c.inPlace = true }) }

// InRoot takes the name relative to r, and lets nothing outside of r be touched,
// whatever symbolic links there are. For the lock of [UpdateJSON], r.Name() must
// still lead to r.
func InRoot(r *os.Root) Option { return option(func(c *config) { c.tree = r }) }

// Indent is what [WriteJSON] and [UpdateJSON] indent by: two spaces without it;
// "" means everything in one line.
func Indent(indent string) Option { return option(func(c *config) { c.indent = indent }) }

type lockTimeout time.Duration

func (d lockTimeout) apply(c *config) { c.lockTimeout = time.Duration(d) }
func (d lockTimeout) forLocks()       {}

// LockTimeout limits the wait for a lock. 0 means 30 seconds, negative means until
// the context ends.
func LockTimeout(d time.Duration) LockOption { return lockTimeout(d) }
