//go:build !linux && !darwin

package fsx

// BootID is "": it can't be known here.
func BootID() string { return "" }
