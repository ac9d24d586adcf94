// Package fsx is what the operating system must do and the os package does not
// offer: make a directory durable, drop pages from the cache, copy the metadata
// that a replaced file shall keep, and tell the errors apart that decide whether
// to copy, to wait or to give up.
//
// The portable half of each concept is in a file of its own name, the rest in
// thin files with the name of the system. What a system lacks is a no-op or an ok
// that is false, never an error: the callers' promises rest on the calls that
// every system has.
//
// fsync goes through [os.File.Sync] wherever the whole file is meant. On darwin
// the standard library makes that fcntl(F_FULLFSYNC), which also empties the
// cache of the drive; a plain fsync there does not, so nothing in this package
// calls it.
package fsx
