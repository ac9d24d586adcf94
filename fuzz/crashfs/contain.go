//go:build linux && (amd64 || arm64)

package crashfs

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
)

const containedEnv = "CRASHFS_SCRATCH"

// Contain is for TestMain: it calls run with a new directory for mount points and
// returns what run returns. It does so in a process of its own with a mount
// namespace of its own, so that no mount outlives the tests, however they end.
// Where that is not allowed it calls run at once.
func Contain(run func(scratch string) int) int {
	if outer := os.Getenv(containedEnv); outer != "" {
		return inScratch(outer, run)
	}
	base := "/dev/shm" // in memory, if possible
	if _, err := os.Stat(base); err != nil {
		base = ""
	}
	return inScratch(base, func(scratch string) int {
		code, err := rerun(scratch)
		if errors.Is(err, os.ErrPermission) {
			return run(scratch)
		}
		if err != nil {
			println("crashfs:", err.Error())
			return 2
		}
		return code
	})
}

func inScratch(base string, run func(string) int) int {
	dir, err := os.MkdirTemp(base, "crashfs-")
	if err != nil {
		println("crashfs:", err.Error())
		return 2
	}
	defer os.RemoveAll(dir)
	return run(dir)
}

// rerun runs this program again, in its own mount namespace.
func rerun(scratch string) (int, error) {
	runtime.LockOSThread() // the death signal is sent when this thread ends
	defer runtime.UnlockOSThread()
	exe, err := filepath.Abs(os.Args[0])
	if err != nil {
		return 0, err
	}
	cmd := exec.Command(exe, os.Args[1:]...)
	cmd.Env = append(os.Environ(), containedEnv+"="+scratch)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	err = cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return max(1, exit.ExitCode()), nil
	}
	return 0, err
}
