//go:build !unix

package recovery

// openNoWait: there is nothing that an open could wait for.
const openNoWait = 0
