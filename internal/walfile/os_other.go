//go:build !unix

package walfile

const safeOpen = 0
