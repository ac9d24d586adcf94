package fsx

import "os"

// copyOwner: a new file takes owner and access list from its directory, as every
// program's do here.
func copyOwner(dst, src *os.File) error { return nil }
