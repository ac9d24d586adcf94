//go:build !unix

package apply

// openNoWait: there is nothing in the tree that an open could wait for.
const openNoWait = 0
