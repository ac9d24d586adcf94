// Package atomic changes one file at a time: a reader finds the old content or the
// new one, never a mix, while another process writes, after kill -9 and after a
// power loss. The files stay ordinary files. For changes of several files that
// belong together there is package
// [github.com/forewrite/forewrite/journal].
//
// # Writing
//
// [WriteFile] replaces [os.WriteFile], [Write] copies from an [io.Reader], and
// [Create] is for content that is made piece by piece. Each of them writes a
// temporary file in the directory of the target and renames it to the target; when
// it returns nil, the new content is durable. By default
//
//   - an existing file keeps its mode, owner, extended attributes and access list,
//   - a symbolic link stays, and the file that it leads to is replaced,
//   - missing parent directories are made,
//   - a target that is not a regular file is refused,
//   - after an error the file is unchanged and no temporary file is left.
//
// [Options] change that, and more: NoClobber and IfMatch write only over what the
// caller expects (see [Version]), Backup keeps the old version, Root confines the
// write to a directory, NoSync gives up durability for speed. Every function takes
// its options last, and nil for the defaults.
//
// # JSON
//
// [WriteJSON] and [ReadJSON] are for configuration and state that people read, too.
// [UpdateJSON] reads, changes and writes under a lock, so that no update is lost,
// however many processes update the file.
//
// # Locks
//
// [Lock], [RLock] and [TryLock] exclude both processes and goroutines. The kernel
// holds the lock and releases it when the process ends, so there are no stale locks
// to clean up. Lock files are never removed. Goroutines of one process acquire a
// lock in the order in which they asked; between processes there is no order.
//
// # Errors
//
// Every error is an [*Error] with the operation and the path. It can be tested by
// [errors.Is] for [ErrConflict], [ErrLocked] and so on, and for the errors of
// packages fs and syscall.
//
// # After a crash
//
// A writer that is killed before the rename leaves its temporary file, whose name
// can't be mistaken for the target's; [RemoveStaleTemp] removes such files. A writer
// that is killed after the rename has written the file. After a power loss the file
// has its new content if the write had returned nil, and otherwise either the old
// content or the new one.
//
// # Limits
//
//   - The directory must be writable, not just the file, and have room for both
//     versions.
//   - The other hard links to a file keep the old content; see
//     [Options].RejectHardLinks.
//   - Only root can keep the owner of another user's file. If the group can't be
//     kept, the group's permissions are removed.
//   - A file that is a mount point can't be replaced; see [Options].InPlace.
//   - Directories that another program has just made, and not fsynced, may be lost
//     in a power loss with the file in them. Those that this package makes are
//     fsynced.
//   - Windows has no fsync for directories: NTFS journals the rename, but a power
//     loss may undo the last one. A file that another program has open can't be
//     replaced there; that is tried again for about a second.
//   - On darwin an fsync is fcntl(F_FULLFSYNC), as in [os.File.Sync]: slower than
//     the fsync of most programs there, which does not reach the disk.
//   - Locks on network file systems are as reliable as their servers.
//   - A lock is advisory: programs that don't ask for it are not excluded.
package atomic
