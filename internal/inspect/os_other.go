//go:build !unix

package inspect

// openNoWait: there is nothing that an open could wait for.
const openNoWait = 0
