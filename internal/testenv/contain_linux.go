package testenv

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

// containedEnv is set in the process that has a mount namespace of its own.
const containedEnv = "FOREWRITE_TEST_CONTAINED"

// Contain returns what run returns. It calls it in another process of this program,
// which has a mount namespace of its own and dies with this one, so that no mount
// outlives the tests, not even when they are killed. Where the user may not make a
// namespace it calls run at once.
func Contain(run func() int) int {
	if os.Getenv(containedEnv) != "" {
		return run()
	}
	code, err := runAgain()
	if errors.Is(err, os.ErrPermission) {
		return run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "testenv:", err)
		return 2
	}
	return code
}

func runAgain() (int, error) {
	runtime.LockOSThread() // the death signal is sent when this thread ends
	defer runtime.UnlockOSThread()
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	cmd := exec.Command(self, os.Args[1:]...)
	cmd.Env = append(os.Environ(), containedEnv+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	err = cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return max(1, exit.ExitCode()), nil
	}
	return 0, err
}

func contained() bool { return os.Getenv(containedEnv) != "" }
