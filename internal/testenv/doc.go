// Package testenv provides what tests need around them: other processes to kill, an
// ordinary user, small file systems, and a mount namespace, so that no mount is left
// when the tests end, even if they are killed.
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
		os.Exit(runRole(name, roles))
	}
	os.Exit(Contain(m.Run))
}

func runRole(name string, roles map[string]func() error) int {
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
