package recovery

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/journal/record"
)

// sight is what was found at a path.
type sight struct {
	info  fs.FileInfo // nil when there is nothing
	known bool        // the log knows this content
	newer bool        // changed after the journal's last sign of life
}

func (s *sight) mode() fs.FileMode { return s.info.Mode() }

// foreign reports whether somebody changed what is there after the crash.
func (s *sight) foreign() bool { return s.info != nil && !s.known && s.newer }

// looker looks at the tree and compares it to the log.
type looker struct {
	*place
	ctx     context.Context
	paths   map[string]*history
	links   []linkedFile
	alive   time.Time
	staging *os.Root // nil when there is none
}

// linkedFile is a file of the tree that has a second name in staging.
type linkedFile struct {
	info  fs.FileInfo
	stamp stamp // as it was when it was linked
}

// find looks up the linked payloads in staging.
func (l *looker) find(linked map[string]record.Payload) {
	for name, payload := range linked {
		if fi, err := l.staged(name); err == nil {
			l.links = append(l.links, linkedFile{fi, stamp{payload.Size, payload.MTime}})
		}
	}
}

// staged returns the info of a regular file in staging.
func (l *looker) staged(name string) (fs.FileInfo, error) {
	if l.staging == nil {
		return nil, fs.ErrNotExist
	}
	fi, err := l.staging.Lstat(name)
	if err == nil && !fi.Mode().IsRegular() {
		err = fs.ErrNotExist // put there by somebody else
	}
	return fi, err
}

// openStaged opens a regular file in staging.
func (l *looker) openStaged(name string) (*os.File, error) {
	if _, err := l.staged(name); err != nil {
		return nil, err
	}
	return l.staging.OpenFile(name, os.O_RDONLY|fsx.NonBlocking, 0)
}

// look finds out what is at a path. Regular files are opened, nothing else.
func (l *looker) look(p string) (sight, error) {
	fi, err := l.root.Lstat(p)
	if fsx.IsNotExist(err) {
		return sight{}, nil
	}
	if err != nil {
		return sight{}, err
	}
	s := sight{info: fi, newer: l.isNewer(fi)}
	h := l.paths[p]
	if h == nil {
		h = new(history)
	}
	switch {
	case fi.Mode()&fs.ModeSymlink != 0:
		target, err := l.root.Readlink(p)
		s.known = slices.Contains(h.links, target)
		return s, fsx.IgnoreNotExist(err)
	case fi.Mode().IsRegular():
		s.known, err = l.knows(p, fi, h)
	}
	return s, err
}

// isForeign reports whether what is at p was changed after the crash. What is old
// is not read.
func (l *looker) isForeign(p string) (bool, error) {
	fi, err := l.root.Lstat(p)
	if err != nil || !l.isNewer(fi) {
		return false, fsx.IgnoreNotExist(err)
	}
	s, err := l.look(p)
	return s.foreign(), err
}

func (l *looker) isNewer(fi fs.FileInfo) bool {
	t, ok := fsx.Ctime(fi)
	return ok && t.After(l.alive.Add(grace))
}

// knows reports whether the content of the file at p is one that the log knows.
func (l *looker) knows(p string, fi fs.FileInfo, h *history) (bool, error) {
	if slices.Contains(h.stamps, stampOf(fi)) {
		return true, nil
	}
	for _, link := range l.links {
		// Linking and renaming it have changed its ctime, which says nothing then.
		if os.SameFile(link.info, fi) && (stampOf(fi) == link.stamp || !fi.ModTime().After(l.alive.Add(grace))) {
			return true, nil
		}
	}
	if fi.Size() == 0 { // torn, or nothing that could be lost
		return true, nil
	}
	var candidates []*candidate
	defer func() {
		for _, c := range candidates {
			c.close()
		}
	}()
	for _, payload := range h.contents {
		if fi.Size() > payload.Size {
			continue
		}
		c, err := l.candidate(payload, fi)
		if err != nil {
			return false, err
		}
		candidates = append(candidates, c)
	}
	for _, v := range h.versions {
		if fi.Size() == v.Size { // only its hash is known, and nothing of a torn form
			candidates = append(candidates, &candidate{payload: record.Payload{Size: v.Size, Hash: v.Hash}})
		}
	}
	if len(candidates) == 0 {
		return false, nil
	}
	file, err := l.root.OpenFile(p, os.O_RDONLY|fsx.NonBlocking, 0)
	if err != nil {
		return false, err
	}
	defer file.Close()
	return l.compare(file, candidates)
}

// candidate is a version that a file may hold, whole or torn.
type candidate struct {
	payload record.Payload
	size    int64
	file    *os.File // the version's content when it is not inline; nil when that is lost
	torn    bool     // so far each sector was zero or equal
}

func (l *looker) candidate(payload record.Payload, fi fs.FileInfo) (*candidate, error) {
	c := &candidate{payload: payload, size: fi.Size(), torn: true}
	if payload.Kind == record.PayloadInline {
		return c, nil
	}
	staged, err := l.staged(payload.Name)
	if fsx.IsNotExist(err) || err == nil && os.SameFile(staged, fi) {
		c.torn = false // nothing to compare with but the hash
		return c, nil
	}
	if err == nil {
		c.file, err = l.openStaged(payload.Name)
	}
	return c, err
}

func (c *candidate) close() {
	if c.file != nil {
		c.file.Close()
	}
}

const sector = 512 // what a disk writes whole or not at all

// compare reads the file and reports whether it is one of the candidates.
func (l *looker) compare(file *os.File, candidates []*candidate) (bool, error) {
	var hash xxhash.Digest
	hash.Reset()
	var size int64
	buf, theirs := make([]byte, 128*sector), make([]byte, 128*sector)
	for {
		if err := l.ctx.Err(); err != nil {
			return false, err
		}
		n, err := io.ReadFull(file, buf)
		hash.Write(buf[:n])
		for _, c := range candidates {
			c.torn = c.torn && c.matches(buf[:n], size, theirs)
		}
		size += int64(n)
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			break
		}
		if err != nil {
			return false, err
		}
	}
	sum := hash.Sum64()
	return slices.ContainsFunc(candidates, func(c *candidate) bool {
		return c.torn || size == c.payload.Size && sum == c.payload.Hash
	}), nil
}

// matches compares one block, sector by sector, to what the version has there.
func (c *candidate) matches(block []byte, at int64, buf []byte) bool {
	var version []byte
	if c.file == nil {
		version = c.payload.Data[min(at, c.payload.Size):min(at+int64(len(block)), c.payload.Size)]
	} else {
		n, _ := c.file.ReadAt(buf[:len(block)], at) // an error shows as bytes that are missing
		version = buf[:n]
	}
	for from := 0; from < len(block); from += sector {
		to := min(from+sector, len(block))
		if isZero(block[from:to]) {
			continue
		}
		if to > len(version) || !bytes.Equal(block[from:to], version[from:to]) {
			return false
		}
	}
	return true
}

var zeroSector [sector]byte

func isZero(b []byte) bool { return bytes.Equal(b, zeroSector[:len(b)]) }

// hashStaged hashes a file in staging.
func (l *looker) hashStaged(name string) (size int64, sum uint64, err error) {
	file, err := l.openStaged(name)
	if err != nil {
		return 0, 0, err
	}
	defer file.Close()
	hash := xxhash.New()
	size, err = io.Copy(hash, &contextReader{l.ctx, file})
	return size, hash.Sum64(), err
}

// contextReader makes a long copy stop when the context ends.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c *contextReader) Read(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(b)
}

// passes reports whether err may pass, so that recovery stops to be tried again.
// Busy does not: it is a file that something else is mounted on.
func passes(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) ||
		fsx.Temporary(err) && !errors.Is(err, syscall.EBUSY)
}
