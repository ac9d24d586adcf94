//go:build !unix

package fsx

// Flags for opening a path at which another program may have put something else.
const (
	// NonBlocking is 0: no open blocks here.
	NonBlocking = 0
	// NoFollow is 0: there is no such flag.
	NoFollow = 0
)
