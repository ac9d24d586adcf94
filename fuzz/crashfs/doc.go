// Package crashfs is a file system in memory that remembers what its disk
// would look like. It is served by FUSE to an unmodified program, records every
// operation that changes something, and builds from that one recorded run every
// state that a crash could have left behind.
//
// # What survives a crash
//
// A killed process leaves everything it did: the page cache belongs to the
// kernel. A power loss leaves what was fsynced, and of the rest any part:
//
//   - Data, by sectors of 512 bytes, each by itself. A sector that overwrites
//     durable bytes holds the old or the new content, or that of any write in
//     between: disks write a sector whole. A lost sector beyond the durable size
//     reads as zeroes, as garbage, or as what another file had in that place.
//   - The size together with the modification time, and mode, owner and extended
//     attributes together: any version since the last fsync.
//   - Each directory entry by itself. A rename is atomic, and a file that is
//     renamed twice goes through its names in order, as on every journaling file
//     system; with Explorer.Weak the old and the new name of a file are
//     independent of each other. Renames of directories keep their order.
//
// fsync and fdatasync make data, size and attributes of a file durable, not its
// entry in the directory; fsync of a directory makes its entries durable, not
// what the files hold. Nothing else makes anything durable.
//
// A failed fsync of a file changes nothing on the disk that anybody could rely on:
// what was pending may be there or not, what is in the cache stays readable, and no
// later fsync writes it, because the kernel takes it for clean. It becomes
// durable only by being written again. After the process is killed such data may
// be gone from the cache: reads show what the disk has. A failed fsync of a
// directory leaves its entries pending: they are in the file system's journal,
// which keeps them until it could write them or goes read-only.
//
// # Not modelled
//
// syncfs and sync do not reach a FUSE server; use FS.Settle. O_SYNC and O_DSYNC
// are refused. fadvise stays in the kernel. Access times do not change.
package crashfs
