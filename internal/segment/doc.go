// Package segment knows the segments of a log as files: it makes them, reads them,
// cuts a torn tail off and retires them. It does not need the engine that appends
// to a segment, and reading changes nothing.
//
// # Layout
//
// Each segment is a directory of its own with exactly one file in it:
//
//	log/00000007-5f0c9a3be1d27784/00000000000000000001
//	    number   salt
//
// Segments are numbered one by one. A directory that is being made is called
// "new-…", one that has been retired "dead-…"; whoever recovers removes both.
// Anything else is a stray and makes the log corrupt: it may be what is missed
// elsewhere.
//
// # Entries
//
// The file is a sequence of entries, and zeroes up to its end:
//
//	+--------------------+-------------------------------+-----+---------+
//	| length n (uvarint) | group, n bytes (see record)   | ... | 0 0 0 0 |
//	+--------------------+-------------------------------+-----+---------+
//
// The length stands in its shortest form and is 32 at least, so that a zero is
// never the beginning of an entry.
//
// # Where a log ends
//
// Each group is written only after the fsync of the one before it succeeded. So a
// valid group proves that all groups before it had been acknowledged, and bytes in
// a segment prove that the segment before had ended well. That is all that is needed
// to tell two kinds of bad bytes apart:
//
//   - nothing valid follows them: a torn tail, which nobody was told about;
//   - a valid group, or any other bytes in a later segment, follow: corruption.
//
// With one exception: a segment whose first group carries number and hash that come
// next proves that nothing is missing before it, whatever the bytes in between. That
// is what recovery leaves until it has retired the segments before.
package segment
