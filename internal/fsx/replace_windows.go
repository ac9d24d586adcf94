package fsx

import "os"

// CheckEntry says nil where there is no way to ask; the operation will say.
func CheckEntry(*os.File, Entry) error { return nil }

// CheckWritable says nil: there is no way to ask; the operation will say.
func CheckWritable(*os.File) error { return nil }
