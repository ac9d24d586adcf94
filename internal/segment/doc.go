// Package segment handles the segments of a log as files: it makes them, reads
// them, finds where a log ends and retires segments. It does not use the engine
// that appends to a segment, and reading changes nothing.
//
// # Layout
//
// Each segment is a directory of its own with exactly one file in it:
//
//	log/00000007-5f0c9a3be1d27784/00000000000000000001
//	    number   salt
//
// Segments are numbered one by one. A directory that is being made is called
// "new-…", and one that has been retired "dead-…"; recovery removes both. Any other
// name is a stray and makes the log corrupt: it may hold what is missing elsewhere.
//
// # Entries
//
// The file is a sequence of entries, followed by zeroes up to its end:
//
//	+--------------------+-------------------------------+-----+---------+
//	| length n (uvarint) | group, n bytes (see record)   | ... | 0 0 0 0 |
//	+--------------------+-------------------------------+-----+---------+
//
// The length is encoded in its shortest form and is at least 32, so a zero never
// begins an entry.
//
// # Where a log ends
//
// A group is written only after the fsync of the group before it succeeded. So a
// valid group proves that all groups before it were acknowledged, and bytes in a
// segment prove that the segment before it ended well. This is enough to
// distinguish two kinds of bad bytes:
//
//   - nothing valid follows them: a torn tail, which was never acknowledged;
//   - a valid group, or any bytes in a later segment, follow: corruption.
//
// There is one exception. A segment whose first group has the next LSN and the hash
// of the last valid group proves that nothing is missing before it, whatever bytes
// are in between. Recovery writes such a segment before it retires the old ones.
//
// Scan summarises the segments one after the other (see [Summary]), and one pure
// function derives the [End] of the log from the summaries.
package segment
