package record

import (
	"encoding/binary"

	"github.com/cespare/xxhash/v2"
)

// The Append functions append one record to dst and return the longer slice.
// They allocate nothing when dst has room.

// AppendOpen appends an open record.
func AppendOpen(dst []byte, m Mark, o Open) []byte {
	dst, at := begin(dst, KindOpen)
	dst = appendMark(dst, m)
	dst = binary.AppendUvarint(dst, uint64(o.PID))
	dst = appendString(dst, o.BootID)
	dst = appendString(dst, o.Host)
	dst = appendString(dst, o.Version)
	return end(dst, at)
}

// AppendCheckpoint appends a checkpoint record.
func AppendCheckpoint(dst []byte, m Mark) []byte {
	dst, at := begin(dst, KindCheckpoint)
	return end(appendMark(dst, m), at)
}

// AppendClose appends a close record.
func AppendClose(dst []byte, m Mark) []byte {
	dst, at := begin(dst, KindClose)
	return end(appendMark(dst, m), at)
}

// AppendIntent appends an intent record. The intent must be valid: it is not checked
// here, and [Records] refuses an invalid one.
func AppendIntent(dst []byte, i *Intent) []byte {
	dst, at := begin(dst, KindIntent)
	dst = binary.AppendUvarint(dst, uint64(i.Tx))
	dst = append(dst, byte(i.Op))
	dst = binary.AppendUvarint(dst, uint64(modeBits(i.Mode)))
	dst = appendString(dst, i.Path)
	return end(appendPayload(appendReplaced(dst, &i.Replaced), &i.Payload), at)
}

func appendReplaced(dst []byte, r *Replaced) []byte {
	dst = append(dst, byte(r.Kind))
	switch r.Kind {
	case ReplacedFile:
		dst = binary.AppendUvarint(dst, uint64(r.Size))
		dst = binary.AppendVarint(dst, r.MTime)
	case ReplacedVersion:
		dst = binary.LittleEndian.AppendUint64(dst, r.Hash)
		dst = binary.AppendUvarint(dst, uint64(r.Size))
	}
	return dst
}

// AppendCommit appends a commit record. Its hash is taken over intents, the
// bytes of the transaction's intent records; c.Hash is ignored.
func AppendCommit(dst []byte, c Commit, intents []byte) []byte {
	hash := xxhash.Sum64(intents)
	dst, at := begin(dst, KindCommit)
	dst = binary.AppendUvarint(dst, uint64(c.Tx))
	dst = binary.AppendVarint(dst, c.Time.UnixNano())
	dst = binary.AppendUvarint(dst, uint64(c.Intents))
	dst = binary.LittleEndian.AppendUint64(dst, hash)
	return end(dst, at)
}

func appendPayload(dst []byte, p *Payload) []byte {
	dst = append(dst, byte(p.Kind))
	switch p.Kind {
	case PayloadInline:
		dst = binary.LittleEndian.AppendUint64(dst, p.Hash)
		dst = binary.AppendUvarint(dst, uint64(len(p.Data)))
		dst = append(dst, p.Data...)
	case PayloadStaged:
		dst = binary.LittleEndian.AppendUint64(dst, p.Hash)
		dst = binary.AppendUvarint(dst, uint64(p.Size))
		dst = appendString(dst, p.Name)
	case PayloadLinked:
		dst = binary.AppendUvarint(dst, uint64(p.Size))
		dst = binary.AppendVarint(dst, p.MTime)
		dst = appendString(dst, p.Name)
	}
	return dst
}

func appendMark(dst []byte, m Mark) []byte {
	dst = binary.AppendUvarint(dst, uint64(m.CheckpointLSN))
	dst = binary.AppendUvarint(dst, uint64(m.LastTx))
	return binary.AppendVarint(dst, m.Time.UnixNano())
}

func appendString(dst []byte, s string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(s)))
	return append(dst, s...)
}

// begin appends the kind and a guess at the body's length: one byte. end puts
// the real length there, and moves the body when it needs more.
func begin(dst []byte, k Kind) (_ []byte, body int) {
	dst = append(dst, byte(k), 0)
	return dst, len(dst)
}

func end(dst []byte, body int) []byte {
	length := len(dst) - body
	var buf [binary.MaxVarintLen64]byte
	n := binary.PutUvarint(buf[:], uint64(length))
	if n > 1 {
		dst = append(dst, buf[:n-1]...) // room; overwritten by the move
		copy(dst[body-1+n:], dst[body:body+length])
	}
	copy(dst[body-1:], buf[:n])
	return dst
}
