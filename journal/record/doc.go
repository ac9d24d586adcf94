// Package record is the format of the journal's log: groups, and the records
// inside them. It encodes, decodes and hashes; it does no I/O and depends on
// nothing but xxhash, so that any tool can read a log with it.
//
// # Group
//
// A group is one log entry: one or more transactions that one fsync makes
// durable. All integers are little endian.
//
//	 0      1      2      3      4      5      6      7
//	+------+------+------+------+------+------+------+------+
//	| 'F'  | 'W'  | 'G'  | ver  |  payload length (u32)     |   0
//	+------+------+------+------+------+------+------+------+
//	|                       LSN (u64)                       |   8
//	+-------------------------------------------------------+
//	|       hash of the group before this one (u64)         |  16
//	+-------------------------------------------------------+
//	|                 hash of this group (u64)              |  24
//	+-------------------------------------------------------+
//	|  payload: records, back to back, nothing after them   |  32
//	+-------------------------------------------------------+
//
// The LSN counts groups from 1 and is never reset. The hash is xxhash64, seeded
// with the salt of the segment that holds the group, over bytes 0 to 23 and the
// payload. The salt keeps bytes of another segment, left over on the device, from
// posing as a group; the hash of the group before ties each group to the whole
// log up to it. In a segment's first group that is the last group of the segment
// before, and zero in the very first group of a log.
//
// # Record
//
//	+------+-----------------------+----------+
//	| kind | body length (uvarint) |   body   |
//	+------+-----------------------+----------+
//
// A body is a fixed sequence of fields and must be used up exactly. uvarint and
// varint are those of encoding/binary, in their shortest form only. A string is
// a uvarint length and that many bytes.
//
//	open        checkpoint LSN, last tx (uvarint); time (varint, Unix ns);
//	            pid (uvarint); boot id, host, version (string)
//	intent      tx (uvarint); op (u8); mode (uvarint); path (string);
//	            replaced (u8: 0 not recorded, 1 nothing, 2 a file, 3 a version)
//	              when 2: size (uvarint), mtime (varint, Unix ns)
//	              when 3: hash (u64), size (uvarint);
//	            payload (u8: 0 none, 1 inline, 2 staged, 3 linked)
//	              inline: hash (u64), data (string)
//	              staged: hash (u64), size (uvarint), name (string)
//	              linked: size (uvarint), mtime (varint), name (string)
//	commit      tx (uvarint); time (varint); intents (uvarint);
//	            hash (u64) over the bytes of those intent records
//	checkpoint  checkpoint LSN, last tx (uvarint); time (varint)
//	close       checkpoint LSN, last tx (uvarint); time (varint)
//
// open begins a session, close ends it cleanly. In open, checkpoint and close,
// "checkpoint LSN" says that every transaction in a group with an LSN up to it has been
// applied and fsynced: recovery does not redo it, and the segments that hold
// nothing newer may be gone. The intents of a transaction are adjacent, in one
// group, and its commit record follows right after them.
//
// # Intents
//
// Intents are absolute: they say what is wanted at a path, never what to change
// there, so that doing them twice, or from any half-done state, gives the same
// result.
//
//	put        a regular file with the payload as content and this mode
//	symlink    a symbolic link; the inline payload is its target
//	mkdir      a directory with this mode
//	remove     nothing: what is there is a file, a link or an empty directory
//	removeall  nothing: the whole tree goes
//	chmod      whatever is there, with this mode
//
// A path is slash-separated and relative to the root, valid for fs.ValidPath,
// not ".", and without NUL. A mode holds the twelve Unix permission bits.
//
// What an intent replaces is recorded so that recovery can distinguish it from what
// another program has put there. A version was put there by the journal itself and is
// known by the hash of its content, which the log may not hold any more.
//
// A payload is inline, or is a file in staging that the record names. A
// staged payload belongs to the journal alone and is known by size and hash. A
// linked one is a hard link to a file that existed before (a rename): its size
// and mtime are recorded, its content was not read.
//
// # Versions
//
// The version byte of a group is 2. In version 1 an intent could not say that it
// replaces a version; the rest is the same, and both are read. A group of a later
// version is refused with [ErrVersion].
package record
