//go:build !unix

package testenv

import "testing"

// AsOrdinaryUser reports whether this process is an ordinary user's, as it is here.
func AsOrdinaryUser(t *testing.T) bool { return true }
