//go:build unix

package fsx

import "golang.org/x/sys/unix"

// Retry repeats a call for as long as a signal interrupts it before it did anything.
func Retry(call func() error) error {
	for {
		if err := call(); err != unix.EINTR {
			return err
		}
	}
}
