//go:build !linux && !darwin

package fsx

// BootID returns "": the system has no such identifier.
func BootID() string { return "" }
