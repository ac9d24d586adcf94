// Package fsx has the system calls that package os lacks: make a directory durable,
// drop pages from the cache, copy the metadata that a file keeps when it is
// replaced, lock an open file, and classify errors.
//
// The portable half of each concept is in a file of that name, the rest in small
// files for each system. Where a system has no such call, the function does nothing
// or returns false, never an error: no caller's correctness depends on a call that
// some systems lack.
//
// An fsync is [os.File.Sync]. On darwin the standard library makes that
// fcntl(F_FULLFSYNC), which also empties the cache of the drive. A plain fsync does
// not do that there, so nothing in this package calls it.
package fsx
