// Package atomic changes one file at a time, so that nobody ever finds half a
// change: not a program that reads while another writes, not after kill -9, not
// after a power loss. The files stay ordinary files. For changes of several files
// that belong together there is package journal.
//
// # Writing
//
// [WriteFile] takes the place of [os.WriteFile], [Write] copies from a reader, and
// [Create] is for content that is made piece by piece. Each writes a temporary
// file beside the target and renames it onto the target, and when it returns nil
// the new content is durable. By default
//
//   - an existing file keeps its mode, owner, extended attributes and access list,
//   - a symbolic link stays, and the file that it leads to is replaced,
//   - missing parent directories are made,
//   - what is no regular file is refused,
//   - after any error the file is what it was, and nothing is left behind.
//
// Each of that can be had otherwise by an [Option], and more: [NoClobber] and
// [IfMatch] write only onto what the caller expects, [Backup] keeps the old
// version, [InRoot] keeps to a directory, [NoSync] trades durability for speed.
//
// # JSON
//
// [WriteJSON] and [ReadJSON] are for configuration and state that people look at.
// [UpdateJSON] reads, changes and writes under a lock: no update is lost, however
// many processes do the same.
//
// # Locks
//
// [Lock], [RLock] and [TryLock] exclude processes and goroutines alike. A lock is
// the kernel's, so it ends with the process that holds it, and there are no stale
// ones to clean up. Lock files are never removed. There is no queue between
// processes: who waits longest need not be next.
//
// # What a crash leaves
//
// Killed before the rename, a writer leaves its temporary file, which nobody
// mistakes for the target; [Sweep] removes such files once their owner is dead.
// Killed after it, the write has happened. A power loss is the same, once the
// write has returned nil; before that either version may be found, whole.
//
// # Limits
//
//   - The directory must be writable, not just the file, and have room for both
//     versions.
//   - Hard links are split: other names of the file keep the old content, see
//     [RejectHardLinks].
//   - Only root can keep another's ownership. Where the group is lost, so are the
//     group's rights to the file.
//   - A file that is a mount point of its own can't be replaced, see [InPlace].
//   - Directories that another program has just made, and not fsynced, may be lost
//     to a power loss with the file in them. Those made here are fsynced.
//   - Windows has no fsync for directories: NTFS journals the rename, and the last
//     one before a power loss may be undone. A file that others keep open there
//     can't be replaced; that is tried again for about a second.
//   - On darwin durable means fcntl(F_FULLFSYNC), which [os.File.Sync] does: slower
//     than what most programs there call fsync.
//   - Locks over network file systems are as good as their servers'.
package atomic
