package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Machine is where the figures are from.
type Machine struct {
	FileSystem string `json:"file_system"`
	System     string `json:"system"`
	CPU        string `json:"cpu"`
	Cores      int    `json:"cores"`
	Go         string `json:"go"`
}

func describe(dir string) Machine {
	return Machine{
		FileSystem: fileSystemOf(dir),
		System:     strings.TrimSpace(runtime.GOOS + " " + readWord("/proc/sys/kernel/osrelease")),
		CPU:        cpuModel(),
		Cores:      runtime.NumCPU(),
		Go:         runtime.Version(),
	}
}

func (m Machine) String() string {
	return fmt.Sprintf("%s; %s, %d cores (%s), %s", m.FileSystem, m.System, m.Cores, m.CPU, m.Go)
}

// fileSystemOf says what dir lies on, as far as the mount table tells.
func fileSystemOf(dir string) string {
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return "unknown file system"
	}
	mounts, _ := os.ReadFile("/proc/self/mountinfo")
	var at, kind, source, options string
	for line := range strings.Lines(string(mounts)) {
		mount, super, ok := strings.Cut(strings.TrimSpace(line), " - ")
		m, s := strings.Fields(mount), strings.Fields(super)
		if ok && len(m) > 5 && len(s) > 2 && within(m[4], dir) && len(m[4]) >= len(at) {
			at, kind, source, options = m[4], s[0], s[1], s[2]
		}
	}
	switch {
	case at == "":
		return "unknown file system"
	case kind == "ext4" && !journaled(source):
		kind = "ext4 without a journal"
	case kind == "ext4":
		kind = "ext4 with a journal"
	}
	return fmt.Sprintf("%s on %s (%s)", kind, filepath.Base(source), options)
}

func within(mount, dir string) bool {
	return mount == "/" || dir == mount || strings.HasPrefix(dir, mount+"/")
}

// journaled looks whether the kernel runs a journal for an ext4 device.
func journaled(source string) bool {
	found, _ := filepath.Glob("/proc/fs/jbd2/" + filepath.Base(source) + "-*")
	return len(found) > 0
}

func cpuModel() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(info)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

func readWord(path string) string {
	b, _ := os.ReadFile(path)
	return strings.TrimSpace(string(b))
}
