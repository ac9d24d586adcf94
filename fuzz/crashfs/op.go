//go:build linux && (amd64 || arm64)

package crashfs

import (
	"fmt"
	"syscall"
)

// Ino is an inode number. It is never used twice.
type Ino uint64

// Root is the inode number of the root directory.
const Root Ino = 1

// Kind says what an operation does.
type Kind uint8

// The kinds of operations. Those from KindOpen on change nothing: they are never
// recorded, and are here to make them fail.
const (
	KindMark Kind = iota
	KindCreate
	KindMkdir
	KindSymlink
	KindLink
	KindRename
	KindExchange
	KindUnlink
	KindRmdir
	KindWrite
	KindTruncate
	KindAttr
	KindTimes
	KindXAttr
	KindFsync
	KindFsyncDir
	KindOpen
	KindRead
	KindReadDir
)

var kindNames = [...]string{"mark", "create", "mkdir", "symlink", "link", "rename", "exchange", "unlink", "rmdir",
	"write", "truncate", "attr", "times", "xattr", "fsync", "fsyncdir", "open", "read", "readdir"}

func (k Kind) String() string { return kindNames[k] }

// Op is one recorded operation.
type Op struct {
	Kind Kind
	Node Ino    // what it is done to, or the inode that it makes
	Dir  Ino    // where the entry Name is
	Name string // the entry; of a mark: its label; of an extended attribute: its name
	Dir2 Ino    // rename: where the entry goes
	Dest string // rename: its new name

	Offset int64  // write
	Size   int64  // truncate: the new size; mark: its number
	Data   []byte // write; symlink: its target; extended attribute: its value, nil to remove it
	Attr   Attr   // create, mkdir, attr
	Time   int64  // when it happened, in Unix ns; times: the new modification time
	Err    syscall.Errno
}

// Attr is mode with its type bits, owner, and extended attributes, which are
// replaced but never changed.
type Attr struct {
	Mode, UID, GID uint32
	XAttrs         map[string]string
}

func (a Attr) isDir() bool { return a.Mode&syscall.S_IFMT == syscall.S_IFDIR }

func (o Op) String() string {
	s := o.Kind.String()
	switch o.Kind {
	case KindMark:
		s += fmt.Sprintf(" %s %d", o.Name, o.Size)
	case KindRename, KindExchange:
		s += fmt.Sprintf(" %d/%s %d/%s", o.Dir, o.Name, o.Dir2, o.Dest)
	case KindCreate, KindMkdir, KindSymlink, KindLink:
		s += fmt.Sprintf(" %d/%s =%d", o.Dir, o.Name, o.Node)
	case KindUnlink, KindRmdir:
		s += fmt.Sprintf(" %d/%s", o.Dir, o.Name)
	case KindWrite:
		s += fmt.Sprintf(" %d [%d +%d)", o.Node, o.Offset, len(o.Data))
	case KindTruncate:
		s += fmt.Sprintf(" %d to %d", o.Node, o.Size)
	default:
		s += fmt.Sprintf(" %d", o.Node)
	}
	if o.Err != 0 {
		s += ": " + o.Err.Error()
	}
	return s
}
