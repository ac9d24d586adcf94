package fsx

import "os"

// CopyOwner does nothing: a new file takes owner and access list from its directory,
// as every program's do here.
func CopyOwner(dst *os.File, have, src Info) error { return nil }
