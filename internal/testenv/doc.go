// Package testenv makes surroundings for tests: other processes that are killed,
// ordinary users, small file systems, and a mount namespace that takes all mounts
// with it when the tests end, however they end.
package testenv

import (
	"fmt"
	"os"
	"testing"
)

// roleEnv names what another process of the test binary is to do.
const roleEnv = "FOREWRITE_TEST_ROLE"

// Main is what a package's TestMain calls. In a process started by [Command] it does
// what the role says, with the arguments in os.Args[1:]; otherwise it runs the tests,
// in a mount namespace of their own where that is allowed. It does not return.
func Main(m *testing.M, roles map[string]func() error) {
	if name := os.Getenv(roleEnv); name != "" {
		os.Exit(play(name, roles))
	}
	os.Exit(Contain(m.Run))
}

func play(name string, roles map[string]func() error) int {
	role, ok := roles[name]
	if !ok {
		fmt.Fprintf(os.Stderr, "testenv: this test binary has no role %q\n", name)
		return 2
	}
	if err := role(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}
