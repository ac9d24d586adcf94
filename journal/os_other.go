//go:build !unix

package journal

// openNoWait: there is nothing in the tree that an open could wait for.
const openNoWait = 0

// openNoLink: there is no such flag.
const openNoLink = 0
