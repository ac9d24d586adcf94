//go:build linux && (amd64 || arm64)

package crashfs

import (
	"slices"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// openFlags: every write is one request, and none is cached. And nothing waits for
// an answer when a file is closed, which a dying process could not give itself.
const openFlags = fuse.FOPEN_DIRECT_IO | fuse.FOPEN_NOFLUSH

// openable refuses what this file system would not keep its word on.
func (s *server) openable(flags uint32) fuse.Status {
	if flags&(unix.O_SYNC|unix.O_DSYNC) != 0 {
		return fuse.Status(syscall.EOPNOTSUPP)
	}
	return s.look(KindOpen)
}

func (s *server) Open(_ <-chan struct{}, in *fuse.OpenIn, out *fuse.OpenOut) fuse.Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.node(in.NodeId)
	if n == nil {
		return fuse.Status(syscall.ESTALE)
	}
	if st := s.openable(in.Flags); !st.Ok() {
		return st
	}
	out.OpenFlags = openFlags
	if in.Flags&syscall.O_TRUNC != 0 {
		return s.do(Op{Kind: KindTruncate, Node: n.ino})
	}
	return fuse.OK
}

func (s *server) OpenDir(_ <-chan struct{}, in *fuse.OpenIn, _ *fuse.OpenOut) fuse.Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.node(in.NodeId) == nil {
		return fuse.Status(syscall.ESTALE)
	}
	return s.look(KindOpen)
}

func (s *server) Release(<-chan struct{}, *fuse.ReleaseIn) {}
func (s *server) ReleaseDir(*fuse.ReleaseIn)               {}
func (s *server) Forget(uint64, uint64)                    {}

func (s *server) Flush(<-chan struct{}, *fuse.FlushIn) fuse.Status { return fuse.OK }

func (s *server) Read(_ <-chan struct{}, in *fuse.ReadIn, buf []byte) (fuse.ReadResult, fuse.Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.node(in.NodeId)
	if n == nil {
		return nil, fuse.Status(syscall.ESTALE)
	}
	if st := s.look(KindRead); !st.Ok() {
		return nil, st
	}
	return fuse.ReadResultData(buf[:n.read(buf, int64(in.Offset))]), fuse.OK
}

func (s *server) Write(_ <-chan struct{}, in *fuse.WriteIn, data []byte) (uint32, fuse.Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.node(in.NodeId)
	if n == nil {
		return 0, fuse.Status(syscall.ESTALE)
	}
	data = slices.Clone(data[:s.faults.shorten(len(data))])
	st := s.do(Op{Kind: KindWrite, Node: n.ino, Offset: int64(in.Offset), Data: data})
	return uint32(len(data)), st
}

func (s *server) Lseek(_ <-chan struct{}, in *fuse.LseekIn, out *fuse.LseekOut) fuse.Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.node(in.NodeId)
	if n == nil {
		return fuse.Status(syscall.ESTALE)
	}
	switch { // no holes: everything up to the end is data
	case int64(in.Offset) >= n.size():
		return fuse.Status(syscall.ENXIO)
	case in.Whence == unix.SEEK_HOLE:
		out.Offset = uint64(n.size())
	default:
		out.Offset = in.Offset
	}
	return fuse.OK
}

func (s *server) Fallocate(_ <-chan struct{}, in *fuse.FallocateIn) fuse.Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.node(in.NodeId)
	if n == nil {
		return fuse.Status(syscall.ESTALE)
	}
	end := int64(in.Offset + in.Length)
	switch {
	case in.Mode == 0 && end > n.size():
		return s.do(Op{Kind: KindTruncate, Node: n.ino, Size: end})
	case in.Mode&^unix.FALLOC_FL_KEEP_SIZE == 0:
		return fuse.OK // blocks are not counted here
	case in.Mode == unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE:
		if end = min(end, n.size()); end <= int64(in.Offset) {
			return fuse.OK
		}
		return s.do(Op{Kind: KindWrite, Node: n.ino, Offset: int64(in.Offset), Data: make([]byte, end-int64(in.Offset))})
	}
	return fuse.ENOTSUP
}

func (s *server) Fsync(_ <-chan struct{}, in *fuse.FsyncIn) fuse.Status {
	return s.sync(KindFsync, in)
}

func (s *server) FsyncDir(_ <-chan struct{}, in *fuse.FsyncIn) fuse.Status {
	return s.sync(KindFsyncDir, in)
}

func (s *server) sync(k Kind, in *fuse.FsyncIn) fuse.Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.node(in.NodeId) == nil {
		return fuse.Status(syscall.ESTALE)
	}
	return s.do(Op{Kind: k, Node: Ino(in.NodeId)})
}

// ReadDir lists a directory from its live entries, sorted. The offset is the
// number of entries already told; a program that removes while it reads could
// miss some, so an offset that is not the start goes by the copy made there.
func (s *server) ReadDir(_ <-chan struct{}, in *fuse.ReadIn, out *fuse.DirEntryList) fuse.Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.node(in.NodeId)
	if n == nil {
		return fuse.Status(syscall.ESTALE)
	}
	if st := s.look(KindReadDir); !st.Ok() {
		return st
	}
	if in.Offset == 0 || n.listing == nil {
		n.listing = append([]string{".", ".."}, sortedKeys(n.entries)...)
	}
	for _, name := range n.listing[min(int(in.Offset), len(n.listing)):] {
		if !out.AddDirEntry(s.dirEntry(n, name)) {
			break
		}
	}
	return fuse.OK
}

func (s *server) dirEntry(dir *node, name string) fuse.DirEntry {
	switch name {
	case ".":
		return fuse.DirEntry{Name: name, Ino: uint64(dir.ino), Mode: syscall.S_IFDIR}
	case "..":
		return fuse.DirEntry{Name: name, Ino: uint64(max(dir.parent, Root)), Mode: syscall.S_IFDIR}
	}
	e := fuse.DirEntry{Name: name}
	if n := s.vol.nodes[dir.entries[name]]; n != nil {
		e.Ino, e.Mode = uint64(n.ino), n.attr.last().Mode
	}
	return e
}

// StatFs shows a disk with room on it.
func (s *server) StatFs(_ <-chan struct{}, _ *fuse.InHeader, out *fuse.StatfsOut) fuse.Status {
	*out = fuse.StatfsOut{Blocks: 1 << 30, Bfree: 1 << 29, Bavail: 1 << 29, Files: 1 << 30, Ffree: 1 << 29,
		Bsize: 4096, Frsize: 4096, NameLen: 255}
	return fuse.OK
}
