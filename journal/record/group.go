package record

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/cespare/xxhash/v2"
)

const (
	// Version is the format version that this package writes. It reads this one and
	// those before it.
	Version = 2
	// HeaderSize is the size in bytes of a group's header.
	HeaderSize = 32
	// MaxPayload is the largest payload of a group in bytes.
	MaxPayload = math.MaxInt32 - HeaderSize
)

// Magic is how every group begins, the version byte left out.
const Magic = "FWG"

// Header is the fixed part of a group.
type Header struct {
	Length int // of the payload, in bytes
	LSN    LSN
	Prev   uint64 // hash of the group before
	Hash   uint64 // of this group
}

// Size returns the number of bytes that the whole group takes.
func (h Header) Size() int { return HeaderSize + h.Length }

// Seal fills in the header of a group: the first [HeaderSize] bytes of group. The
// rest of group is the payload, which must not be larger than [MaxPayload]. Seal
// returns the group's hash, which the next group carries.
func Seal(group []byte, salt uint64, lsn LSN, prev uint64) uint64 {
	copy(group, Magic)
	group[3] = Version
	binary.LittleEndian.PutUint32(group[4:], uint32(len(group)-HeaderSize))
	binary.LittleEndian.PutUint64(group[8:], uint64(lsn))
	binary.LittleEndian.PutUint64(group[16:], prev)
	hash := groupHash(group, salt)
	binary.LittleEndian.PutUint64(group[24:], hash)
	return hash
}

// ParseHeader reads the header that b begins with. It checks magic, version and
// that b holds the whole payload; it does not check the hash.
func ParseHeader(b []byte) (Header, error) {
	if len(b) < HeaderSize {
		return Header{}, fmt.Errorf("%w: %d bytes are no header", ErrLength, len(b))
	}
	if string(b[:3]) != Magic {
		return Header{}, fmt.Errorf("%w: it begins with %x", ErrMagic, b[:4])
	}
	if b[3] == 0 || b[3] > Version {
		return Header{}, fmt.Errorf("%w: version %d, this is version %d", ErrVersion, b[3], Version)
	}
	length := binary.LittleEndian.Uint32(b[4:])
	if int64(length) > int64(len(b)-HeaderSize) {
		return Header{}, fmt.Errorf("%w: payload of %d bytes, %d are there", ErrLength, length, len(b)-HeaderSize)
	}
	return Header{
		Length: int(length),
		LSN:    LSN(binary.LittleEndian.Uint64(b[8:])),
		Prev:   binary.LittleEndian.Uint64(b[16:]),
		Hash:   binary.LittleEndian.Uint64(b[24:]),
	}, nil
}

// OpenGroup checks the group that b consists of, and returns its header and payload.
// The payload aliases b.
func OpenGroup(b []byte, salt uint64) (Header, []byte, error) {
	h, err := ParseHeader(b)
	if err != nil {
		return Header{}, nil, err
	}
	if h.Size() != len(b) {
		return Header{}, nil, fmt.Errorf("%w: group of %d bytes in an entry of %d", ErrLength, h.Size(), len(b))
	}
	if got := groupHash(b, salt); got != h.Hash {
		return Header{}, nil, fmt.Errorf("%w: group %d says %016x, content has %016x", ErrHash, h.LSN, h.Hash, got)
	}
	return h, b[HeaderSize:], nil
}

// groupHash is over the header up to the hash itself, and the payload.
func groupHash(group []byte, salt uint64) uint64 {
	var d xxhash.Digest
	d.ResetWithSeed(salt)
	d.Write(group[:24])
	d.Write(group[HeaderSize:])
	return d.Sum64()
}
