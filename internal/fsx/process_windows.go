package fsx

import "golang.org/x/sys/windows"

// stillActive is the exit code that GetExitCodeProcess returns of a running process.
const stillActive = 259

// ProcessAlive reports whether a process with this number runs. A number can be used
// again.
func ProcessAlive(pid int) bool {
	if pid <= 0 {
		return false
	}
	h, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, uint32(pid))
	if err != nil {
		return err == windows.ERROR_ACCESS_DENIED
	}
	defer windows.CloseHandle(h)
	var code uint32
	return windows.GetExitCodeProcess(h, &code) != nil || code == stillActive
}
