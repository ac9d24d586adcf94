//go:build !unix

package fsx

// Flags for opening what somebody else may have put in place of a file.
const (
	// NonBlocking: there is nothing that an open could wait for.
	NonBlocking = 0
	// NoFollow: there is no such flag.
	NoFollow = 0
)
