package segment

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/cespare/xxhash/v2"
	"github.com/forewrite/forewrite/journal/record"
)

// AppendEntry appends the log entry of a sealed group to dst.
func AppendEntry(dst, group []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(group)))
	return append(dst, group...)
}

// EntrySize returns the size in bytes of the log entry of a group of this many bytes.
func EntrySize(group int) int64 {
	var buf [binary.MaxVarintLen64]byte
	return int64(binary.PutUvarint(buf[:], uint64(group)) + group)
}

// entry decodes the entry at the beginning of b. It returns the group in it, and the
// size of the entry.
func entry(b []byte) (group []byte, size int, err error) {
	length, n := binary.Uvarint(b)
	switch {
	case n <= 0, n > 1 && b[n-1] == 0, length < record.HeaderSize:
		return nil, 0, fmt.Errorf("%w: it begins with %x", ErrEntry, b[:min(4, len(b))])
	case length > uint64(len(b)-n):
		return nil, 0, fmt.Errorf("%w: its length is %d, but only %d bytes follow", ErrEntry, length, len(b)-n)
	}
	size = n + int(length)
	return b[n:size], size, nil
}

// isNewer reports whether a group is valid and of a later format version. All later
// versions have the same header and hash.
func isNewer(group []byte, salt uint64) bool {
	if !bytes.HasPrefix(group, []byte(record.Magic)) || group[3] <= record.Version {
		return false
	}
	var d xxhash.Digest
	d.ResetWithSeed(salt)
	d.Write(group[:24])
	d.Write(group[record.HeaderSize:])
	return d.Sum64() == binary.LittleEndian.Uint64(group[24:])
}

var zeroPage [4096]byte

// trimZeroes returns the length of b without the zeroes at its end.
func trimZeroes(b []byte) int {
	for len(b) >= len(zeroPage) && bytes.Equal(b[len(b)-len(zeroPage):], zeroPage[:]) {
		b = b[:len(b)-len(zeroPage)]
	}
	for len(b) > 0 && b[len(b)-1] == 0 {
		b = b[:len(b)-1]
	}
	return len(b)
}
