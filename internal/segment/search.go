package segment

import (
	"bytes"
	"encoding/binary"

	"github.com/forewrite/forewrite/journal/record"
)

// searchFactor limits the bytes that a search hashes, as a multiple of the file's
// size. It is enough for any accident, and a hostile file costs seconds at most.
const searchFactor = 64

// magic begins every group, of any version.
var magic = []byte(record.Magic)

// find searches for the first entry at or after from whose group is valid and has an
// LSN above after. The error is ErrBudget or nil.
func find(b []byte, from int, salt uint64, after record.LSN) (at, size int, lsn record.LSN, found bool, err error) {
	budget := searchFactor * len(b)
	for pos := from; ; pos++ {
		next := bytes.Index(b[pos:], magic)
		if next < 0 {
			return 0, 0, 0, false, nil
		}
		pos += next
		h, err := record.ParseHeader(b[pos:])
		if err != nil || h.LSN <= after {
			continue
		}
		prefix := binary.AppendUvarint(nil, uint64(h.Size()))
		if !bytes.HasSuffix(b[from:pos], prefix) {
			continue
		}
		if budget -= h.Size(); budget < 0 {
			return 0, 0, 0, false, ErrBudget
		}
		if _, _, err := record.OpenGroup(b[pos:pos+h.Size()], salt); err == nil {
			return pos - len(prefix), len(prefix) + h.Size(), h.LSN, true, nil
		}
	}
}

// survey divides the bytes after the last valid group into spans. A group among them
// is stranded when it is valid and its LSN is above after.
func survey(b []byte, from int, salt uint64, after record.LSN) (spans []Span, err error) {
	used := from + trimZeroes(b[from:])
	add := func(kind SpanKind, from, to int) *Span {
		spans = append(spans, Span{Kind: kind, Offset: int64(from), Length: int64(to - from)})
		return &spans[len(spans)-1]
	}
	at := from
	if used > from {
		start, size, lsn, found, searchErr := find(b, from, salt, after)
		err = searchErr
		if found {
			if start > from {
				add(Unknown, from, start)
			}
			end, groups := skipGroups(b, start+size, salt)
			s := add(Stranded, start, end)
			s.Groups, s.LSN = groups+1, lsn
			at = end
		}
	}
	if used > at {
		add(Unknown, at, used)
		at = used
	}
	if len(b) > at {
		add(Zero, at, len(b))
	}
	return spans, err
}

// skipGroups returns the end of the valid entries that follow one another from at on,
// and their number.
func skipGroups(b []byte, at int, salt uint64) (end, groups int) {
	for {
		group, size, err := entry(b[at:])
		if err != nil {
			return at, groups
		}
		if _, _, err := record.OpenGroup(group, salt); err != nil {
			return at, groups
		}
		at += size
		groups++
	}
}
