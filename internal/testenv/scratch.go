package testenv

import (
	"fmt"
	"os"
)

// scratchEnv names the directory that the first process of a test run has made.
const scratchEnv = "FOREWRITE_TEST_SCRATCH"

// Scratch calls run with a new directory, in memory if possible, removes it and
// returns what run returns. In a process that run has started, by [Contain] for
// instance, the new directory is in the first one, so that it goes with that even if
// the process was killed.
func Scratch(run func(dir string) int) int {
	base, nested := os.LookupEnv(scratchEnv)
	if !nested {
		base = "/dev/shm"
		if _, err := os.Stat(base); err != nil {
			base = ""
		}
	}
	dir, err := os.MkdirTemp(base, "forewrite-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "testenv:", err)
		return 2
	}
	defer os.RemoveAll(dir)
	if !nested {
		os.Setenv(scratchEnv, dir)
		defer os.Unsetenv(scratchEnv)
	}
	return run(dir)
}
