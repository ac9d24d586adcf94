//go:build linux && (amd64 || arm64)

package crashfs

import (
	"strings"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// server answers the kernel. Each method checks what the kernel has not checked,
// and turns the request into one operation.
type server struct {
	fuse.RawFileSystem
	*FS
}

func (s *server) String() string { return "crashfs" }

func (s *server) Lookup(_ <-chan struct{}, h *fuse.InHeader, name string, out *fuse.EntryOut) fuse.Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, st := s.child(h.NodeId, name)
	if !st.Ok() {
		return st
	}
	if n == nil {
		return fuse.ENOENT
	}
	s.entry(n, out)
	return fuse.OK
}

func (s *server) GetAttr(_ <-chan struct{}, in *fuse.GetAttrIn, out *fuse.AttrOut) fuse.Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.node(in.NodeId)
	if n == nil {
		return fuse.Status(syscall.ESTALE)
	}
	s.attr(n, &out.Attr)
	return fuse.OK
}

func (s *server) SetAttr(_ <-chan struct{}, in *fuse.SetAttrIn, out *fuse.AttrOut) fuse.Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.node(in.NodeId)
	if n == nil {
		return fuse.Status(syscall.ESTALE)
	}
	for _, op := range setAttrOps(n, in) {
		if st := s.do(op); !st.Ok() {
			return st
		}
	}
	s.attr(n, &out.Attr)
	return fuse.OK
}

// setAttrOps splits a request into what a file system keeps apart.
func setAttrOps(n *node, in *fuse.SetAttrIn) []Op {
	var ops []Op
	if size, ok := in.GetSize(); ok {
		ops = append(ops, Op{Kind: KindTruncate, Node: n.ino, Size: int64(size)})
	}
	attr := n.attr.last()
	mode, setMode := in.GetMode()
	uid, setUID := in.GetUID()
	gid, setGID := in.GetGID()
	if setMode {
		attr.Mode = attr.Mode&syscall.S_IFMT | mode
	}
	if setUID {
		attr.UID = uid
	}
	if setGID {
		attr.GID = gid
	}
	if setMode || setUID || setGID {
		ops = append(ops, Op{Kind: KindAttr, Node: n.ino, Attr: attr})
	}
	if t, ok := in.GetMTime(); ok {
		ops = append(ops, Op{Kind: KindTimes, Node: n.ino, Time: t.UnixNano()})
	}
	return ops
}

// make creates an inode of the given kind.
func (s *server) make(op Op, h *fuse.InHeader, name string, mode uint32, out *fuse.EntryOut) fuse.Status {
	if st := s.vacant(h.NodeId, name); !st.Ok() {
		return st
	}
	op.Node, op.Dir, op.Name = s.newIno(), Ino(h.NodeId), name
	op.Attr = Attr{Mode: mode, UID: h.Uid, GID: h.Gid}
	if st := s.do(op); !st.Ok() {
		return st
	}
	s.entry(s.vol.nodes[op.Node], out)
	return fuse.OK
}

func (s *server) Mknod(_ <-chan struct{}, in *fuse.MknodIn, name string, out *fuse.EntryOut) fuse.Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.make(Op{Kind: KindCreate}, &in.InHeader, name, in.Mode, out)
}

func (s *server) Mkdir(_ <-chan struct{}, in *fuse.MkdirIn, name string, out *fuse.EntryOut) fuse.Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.make(Op{Kind: KindMkdir}, &in.InHeader, name, in.Mode&0o7777|syscall.S_IFDIR, out)
}

func (s *server) Symlink(_ <-chan struct{}, h *fuse.InHeader, target, name string, out *fuse.EntryOut) fuse.Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.make(Op{Kind: KindSymlink, Data: []byte(target)}, h, name, syscall.S_IFLNK|0o777, out)
}

func (s *server) Create(_ <-chan struct{}, in *fuse.CreateIn, name string, out *fuse.CreateOut) fuse.Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	if st := s.openable(in.Flags); !st.Ok() {
		return st
	}
	out.OpenFlags = openFlags
	return s.make(Op{Kind: KindCreate}, &in.InHeader, name, in.Mode&0o7777|syscall.S_IFREG, &out.EntryOut)
}

func (s *server) Link(_ <-chan struct{}, in *fuse.LinkIn, name string, out *fuse.EntryOut) fuse.Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	if st := s.vacant(in.NodeId, name); !st.Ok() {
		return st
	}
	n := s.node(in.Oldnodeid)
	if n == nil || n.links == 0 {
		return fuse.ENOENT
	}
	if st := s.do(Op{Kind: KindLink, Node: n.ino, Dir: Ino(in.NodeId), Name: name}); !st.Ok() {
		return st
	}
	s.entry(n, out)
	return fuse.OK
}

func (s *server) Unlink(_ <-chan struct{}, h *fuse.InHeader, name string) fuse.Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, st := s.child(h.NodeId, name)
	switch {
	case !st.Ok():
		return st
	case n == nil:
		return fuse.ENOENT
	case n.entries != nil:
		return fuse.EISDIR
	}
	return s.do(Op{Kind: KindUnlink, Node: n.ino, Dir: Ino(h.NodeId), Name: name})
}

func (s *server) Rmdir(_ <-chan struct{}, h *fuse.InHeader, name string) fuse.Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, st := s.child(h.NodeId, name)
	switch {
	case !st.Ok():
		return st
	case n == nil:
		return fuse.ENOENT
	case n.entries == nil:
		return fuse.ENOTDIR
	case len(n.entries) > 0:
		return fuse.Status(syscall.ENOTEMPTY)
	}
	return s.do(Op{Kind: KindRmdir, Node: n.ino, Dir: Ino(h.NodeId), Name: name})
}

func (s *server) Rename(_ <-chan struct{}, in *fuse.RenameIn, name, dest string) fuse.Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, st := s.child(in.NodeId, name)
	if !st.Ok() {
		return st
	}
	to, st := s.child(in.Newdir, dest)
	if !st.Ok() {
		return st
	}
	op := Op{Kind: KindRename, Dir: Ino(in.NodeId), Name: name, Dir2: Ino(in.Newdir), Dest: dest}
	switch {
	case n == nil || s.node(in.Newdir).links == 0:
		return fuse.ENOENT
	case in.Flags&unix.RENAME_EXCHANGE != 0:
		if op.Kind = KindExchange; to == nil {
			return fuse.ENOENT
		}
	case to == nil:
	case to == n:
		return fuse.OK // two names of one file: POSIX wants both to stay
	default:
		if st := replaceable(n, to, in.Flags); !st.Ok() {
			return st
		}
	}
	return s.do(op)
}

func replaceable(n, to *node, flags uint32) fuse.Status {
	switch {
	case flags&unix.RENAME_NOREPLACE != 0:
		return fuse.Status(syscall.EEXIST)
	case n.entries != nil && to.entries == nil:
		return fuse.ENOTDIR
	case n.entries == nil && to.entries != nil:
		return fuse.EISDIR
	case len(to.entries) > 0:
		return fuse.Status(syscall.ENOTEMPTY)
	}
	return fuse.OK
}

func (s *server) Readlink(_ <-chan struct{}, h *fuse.InHeader) ([]byte, fuse.Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.node(h.NodeId)
	if n == nil {
		return nil, fuse.Status(syscall.ESTALE)
	}
	return []byte(n.target), fuse.OK
}

func (s *server) Access(<-chan struct{}, *fuse.AccessIn) fuse.Status { return fuse.OK }

func (s *server) GetXAttr(_ <-chan struct{}, h *fuse.InHeader, name string, dest []byte) (uint32, fuse.Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.node(h.NodeId)
	if n == nil {
		return 0, fuse.Status(syscall.ESTALE)
	}
	value, ok := n.attr.last().XAttrs[name]
	if !ok {
		return 0, fuse.ENODATA
	}
	return answer(dest, value)
}

func (s *server) ListXAttr(_ <-chan struct{}, h *fuse.InHeader, dest []byte) (uint32, fuse.Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.node(h.NodeId)
	if n == nil {
		return 0, fuse.Status(syscall.ESTALE)
	}
	var names strings.Builder
	for _, name := range sortedKeys(n.attr.last().XAttrs) {
		names.WriteString(name + "\x00")
	}
	return answer(dest, names.String())
}

func answer(dest []byte, s string) (uint32, fuse.Status) {
	if len(s) > len(dest) {
		return uint32(len(s)), fuse.ERANGE
	}
	return uint32(copy(dest, s)), fuse.OK
}

func (s *server) SetXAttr(_ <-chan struct{}, in *fuse.SetXAttrIn, name string, data []byte) fuse.Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.node(in.NodeId) == nil {
		return fuse.Status(syscall.ESTALE)
	}
	return s.do(Op{Kind: KindXAttr, Node: Ino(in.NodeId), Name: name, Data: append([]byte{}, data...)})
}

func (s *server) RemoveXAttr(_ <-chan struct{}, h *fuse.InHeader, name string) fuse.Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.node(h.NodeId)
	if n == nil {
		return fuse.Status(syscall.ESTALE)
	}
	if _, ok := n.attr.last().XAttrs[name]; !ok {
		return fuse.ENODATA
	}
	return s.do(Op{Kind: KindXAttr, Node: n.ino, Name: name})
}
