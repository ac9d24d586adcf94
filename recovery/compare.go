package recovery

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"slices"

	"github.com/cespare/xxhash/v2"
	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/journal/record"
)

// sector is what a disk writes as a whole or not at all.
const sector = 512

// candidate is a version that a file may hold, whole or torn. A torn form has zeroes
// instead of some sectors, or ends early.
type candidate struct {
	payload record.Payload
	file    *os.File // the version's content, when it is staged and not lost
	torn    bool     // so far, each sector was zero or equal
}

// compare reads the file at p and reports whether it holds a version in h.
func (o *observer) compare(p string, fi fs.FileInfo, h *history) (bool, error) {
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
		c, err := o.candidate(payload, fi)
		if err != nil {
			return false, err
		}
		candidates = append(candidates, c)
	}
	for _, v := range h.versions {
		if fi.Size() == v.Size { // only its hash is known, so a torn form is not recognised
			candidates = append(candidates, &candidate{payload: record.Payload{Size: v.Size, Hash: v.Hash}})
		}
	}
	if len(candidates) == 0 {
		return false, nil
	}
	file, err := o.root.OpenFile(p, os.O_RDONLY|fsx.NonBlocking, 0)
	if err != nil {
		return false, err
	}
	defer file.Close()
	return o.matchAny(file, candidates)
}

func (o *observer) candidate(payload record.Payload, fi fs.FileInfo) (*candidate, error) {
	c := &candidate{payload: payload, torn: true}
	if payload.Kind == record.PayloadInline {
		return c, nil
	}
	staged, err := o.lstatStaged(payload.Name)
	if fsx.IsNotExist(err) || err == nil && os.SameFile(staged, fi) {
		c.torn = false // there is nothing to compare with but the hash
		return c, nil
	}
	if err == nil {
		c.file, err = o.openStaged(payload.Name)
	}
	return c, err
}

func (c *candidate) close() {
	if c.file != nil {
		c.file.Close()
	}
}

// matchAny reads the file and reports whether it is one of the candidates.
func (o *observer) matchAny(file *os.File, candidates []*candidate) (bool, error) {
	hash := xxhash.New()
	var size int64
	block, buf := make([]byte, 128*sector), make([]byte, 128*sector)
	for {
		if err := o.ctx.Err(); err != nil {
			return false, err
		}
		n, err := io.ReadFull(file, block)
		hash.Write(block[:n])
		for _, c := range candidates {
			c.torn = c.torn && c.matches(block[:n], size, buf)
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

// matches reports whether each sector of the block at this offset is zero, or what
// the version has there.
func (c *candidate) matches(block []byte, at int64, buf []byte) bool {
	var version []byte
	if c.file == nil {
		version = c.payload.Data[min(at, c.payload.Size):min(at+int64(len(block)), c.payload.Size)]
	} else {
		n, _ := c.file.ReadAt(buf[:len(block)], at) // after an error, the bytes are missing and don't match
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
