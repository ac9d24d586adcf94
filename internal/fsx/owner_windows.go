package fsx

import "os"

// CopyOwner does nothing: a new file gets its owner and access list from its directory,
// as with every program here.
func CopyOwner(dst *os.File, have, src Info) error { return nil }
