package fsx

import "golang.org/x/sys/windows"

// stillActive is what GetExitCodeProcess says of a process that runs.
const stillActive = 259

// ProcessAlive tells whether a process with that number runs. Numbers are used
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
