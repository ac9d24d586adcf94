//go:build !unix

package fsx

// Flags for opening what somebody else may have put in place of a file.
const (
	// NoWait: there is nothing that an open could wait for.
	NoWait = 0
	// NoLink: there is no such flag.
	NoLink = 0
)
