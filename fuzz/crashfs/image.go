//go:build linux && (amd64 || arm64)

package crashfs

import (
	"bytes"
	"encoding/gob"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Image is a whole file system at rest: the root directory, ".", first, and
// every directory before what is in it.
type Image []Entry

// Entry is one name in an Image. Names with the same Ino are hard links.
type Entry struct {
	Path    string // slash-separated, relative
	Ino     Ino
	CTime   int64 // not part of the hash, and only Load gives it to the file
	Content *Content
}

// Content is what one inode holds. It never changes.
type Content struct {
	Attr   Attr
	Size   int64
	MTime  int64
	Target string // symbolic link

	sectors map[int64]*sector // what is missing is zero
	hash    uint64
}

// Bytes returns the content of a file.
func (c *Content) Bytes() []byte {
	b := make([]byte, c.Size)
	for i, s := range c.sectors {
		if i*SectorSize < c.Size {
			copy(b[i*SectorSize:], s.data[:])
		}
	}
	return b
}

// load puts the image into an empty volume, all of it durable.
func (im Image) load(v *Volume) {
	inos := map[string]Ino{}
	for _, e := range im {
		inos[e.Path] = e.Ino
		n := v.nodes[e.Ino]
		if n == nil {
			n = e.Content.node(e.Ino, e.CTime)
			v.nodes[e.Ino] = n
			v.remember(n, 0, n.size())
		} else {
			n.links++
		}
		if e.Path == "." {
			continue
		}
		dir := v.nodes[inos[path.Dir(e.Path)]]
		dir.entries[path.Base(e.Path)] = e.Ino
		dir.durable[path.Base(e.Path)] = e.Ino
		if n.entries != nil {
			n.parent = dir.ino
			dir.links++
		}
	}
}

func (c *Content) node(ino Ino, ctime int64) *node {
	n := newNode(ino, c.Attr, ctime)
	n.meta = newHistory(meta{size: c.Size, mtime: c.MTime})
	n.target = c.Target
	for i, s := range c.sectors {
		h := newHistory(s)
		n.data[i] = &h
	}
	return n
}

// Write makes the tree below dir, an empty directory, equal to the image. The
// directories named in last are made after everything else, so that nothing in
// the tree is newer than they are.
func (im Image) Write(dir string, last ...string) error {
	isLast := func(e Entry) bool {
		return slices.ContainsFunc(last, func(l string) bool { return e.Path == l || strings.HasPrefix(e.Path, l+"/") })
	}
	made := map[Ino]string{}
	for _, turn := range []bool{false, true} {
		for _, e := range im {
			if e.Path == "." || isLast(e) != turn {
				continue
			}
			name := dir + "/" + e.Path
			if first, ok := made[e.Ino]; ok {
				if err := os.Link(first, name); err != nil {
					return err
				}
				continue
			}
			made[e.Ino] = name
			if err := e.Content.write(name); err != nil {
				return err
			}
		}
	}
	return im.chmodDirs(dir)
}

// chmodDirs comes last: a directory that cannot be written to could not be filled.
func (im Image) chmodDirs(dir string) error {
	for _, e := range slices.Backward(im) {
		if mode := e.Content.Attr.Mode; e.Content.Attr.isDir() && mode&0o7777 != 0o755 && e.Path != "." {
			if err := unix.Chmod(dir+"/"+e.Path, mode&0o7777); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *Content) write(name string) error {
	switch c.Attr.Mode & syscall.S_IFMT {
	case syscall.S_IFDIR:
		return unix.Mkdir(name, 0o755)
	case syscall.S_IFLNK:
		return unix.Symlink(c.Target, name)
	}
	fd, err := unix.Open(name, unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return &fs.PathError{Op: "open", Path: name, Err: err}
	}
	defer unix.Close(fd)
	if err := c.fill(fd); err != nil {
		return &fs.PathError{Op: "write", Path: name, Err: err}
	}
	mtime := unix.NsecToTimespec(c.MTime)
	return unix.UtimesNanoAt(unix.AT_FDCWD, name, []unix.Timespec{mtime, mtime}, 0)
}

func (c *Content) fill(fd int) error {
	if err := c.fillSectors(fd); err != nil {
		return err
	}
	if err := unix.Ftruncate(fd, c.Size); err != nil {
		return err
	}
	if uid, gid := int(c.Attr.UID), int(c.Attr.GID); uid != os.Getuid() || gid != os.Getgid() {
		if err := unix.Fchown(fd, uid, gid); err != nil {
			return err
		}
	}
	for k, v := range c.Attr.XAttrs {
		if err := unix.Fsetxattr(fd, k, []byte(v), 0); err != nil {
			return err
		}
	}
	if mode := c.Attr.Mode & 0o7777; mode != 0o600 {
		if err := unix.Fchmod(fd, mode); err != nil {
			return err
		}
	}
	return nil
}

// fillSectors writes runs of sectors with one call each.
func (c *Content) fillSectors(fd int) error {
	var buf []byte
	start := int64(0)
	flush := func() error {
		if len(buf) == 0 {
			return nil
		}
		_, err := unix.Pwrite(fd, buf, start*SectorSize)
		buf = buf[:0]
		return err
	}
	for _, i := range sortedKeys(c.sectors) {
		if i*SectorSize >= c.Size {
			break
		}
		if start+int64(len(buf))/SectorSize != i {
			if err := flush(); err != nil {
				return err
			}
			start = i
		}
		buf = append(buf, c.sectors[i].data[:]...)
	}
	return flush()
}

// ReadImage returns the tree below dir as an image. It does not keep extended
// attributes.
func ReadImage(dir string) (Image, error) {
	var im Image
	inos := map[uint64]Ino{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		var st unix.Stat_t
		if err := unix.Lstat(name, &st); err != nil {
			return err
		}
		ino, ok := inos[st.Ino]
		if !ok {
			ino = Root + Ino(len(inos))
			inos[st.Ino] = ino
		}
		c := &Content{Attr: Attr{Mode: st.Mode, UID: st.Uid, GID: st.Gid}, MTime: st.Mtim.Nano()}
		if err := c.read(name); err != nil {
			return err
		}
		im = append(im, Entry{Path: filepath.ToSlash(rel), Ino: ino, CTime: st.Ctim.Nano(), Content: c})
		return nil
	})
	return im, err
}

func (c *Content) read(name string) (err error) {
	switch c.Attr.Mode & syscall.S_IFMT {
	case syscall.S_IFDIR:
	case syscall.S_IFLNK:
		c.Target, err = os.Readlink(name)
		c.Size = int64(len(c.Target))
	default:
		var data []byte
		data, err = os.ReadFile(name)
		c.setBytes(data)
	}
	c.sum()
	return err
}

func (c *Content) setBytes(data []byte) {
	c.Size = int64(len(data))
	c.sectors = map[int64]*sector{}
	for i := int64(0); i*SectorSize < c.Size; i++ {
		var b [SectorSize]byte
		copy(b[:], data[i*SectorSize:])
		if s := newSector(&b); s != nil {
			c.sectors[i] = s
		}
	}
}

// sum fills in the hash. Times of directories and symbolic links are left out:
// Write does not set them.
func (c *Content) sum() {
	h := mix(uint64(c.Attr.Mode), uint64(c.Attr.UID)<<32|uint64(c.Attr.GID))
	for k, v := range c.Attr.XAttrs {
		h += mix(hashString(k), hashString(v))
	}
	h = mix(h, hashString(c.Target))
	if c.Attr.Mode&syscall.S_IFMT == syscall.S_IFREG {
		h = mix(h, mix(uint64(c.Size), uint64(c.MTime)))
	}
	for i, s := range c.sectors {
		if i*SectorSize < c.Size {
			h += mix(uint64(i), s.hash)
		}
	}
	c.hash = h
}

// Hash returns a hash of everything in the image but inode numbers.
func (im Image) Hash() uint64 {
	places := map[Ino]uint64{}
	at := map[string]uint64{}
	for _, e := range im {
		place := uint64(0)
		if e.Path != "." {
			place = mix(at[path.Dir(e.Path)], hashString(path.Base(e.Path)))
		}
		at[e.Path] = place
		places[e.Ino] += place
	}
	sum := uint64(0)
	seen := map[Ino]bool{}
	for _, e := range im {
		if !seen[e.Ino] {
			seen[e.Ino] = true
			sum += mix(places[e.Ino], e.Content.hash)
		}
	}
	return sum
}

// GobEncode writes the content in a form that does not know of sectors.
func (c *Content) GobEncode() ([]byte, error) {
	var buf bytes.Buffer
	err := gob.NewEncoder(&buf).Encode(flatContent{c.Attr, c.Size, c.MTime, c.Target, c.Bytes()})
	return buf.Bytes(), err
}

// GobDecode is the inverse of GobEncode.
func (c *Content) GobDecode(b []byte) error {
	var f flatContent
	if err := gob.NewDecoder(bytes.NewReader(b)).Decode(&f); err != nil {
		return err
	}
	*c = Content{Attr: f.Attr, MTime: f.MTime, Target: f.Target}
	c.setBytes(f.Data)
	c.Size = f.Size
	c.sum()
	return nil
}

type flatContent struct {
	Attr        Attr
	Size, MTime int64
	Target      string
	Data        []byte
}

// ModTime returns the modification time.
func (c *Content) ModTime() time.Time { return time.Unix(0, c.MTime) }
