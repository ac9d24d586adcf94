package fsx

import "os"

// CheckReplaceable returns nil: only the operation itself finds out.
func CheckReplaceable(*os.File, Info) error { return nil }

// CheckWritable returns nil: only the operation itself finds out.
func CheckWritable(*os.File) error { return nil }
