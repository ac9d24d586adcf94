package testenv_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/forewrite/forewrite/internal/testenv"
)

// mountNamespace identifies the one that a process is in.
func mountNamespace(t *testing.T, pid string) string {
	t.Helper()
	ns, err := os.Readlink("/proc/" + pid + "/ns/mnt")
	if err != nil {
		t.Skip(err)
	}
	return ns
}

func TestASmallDiskIsFullAndNobodyElseSeesIt(t *testing.T) {
	t.Parallel()
	for name, disk := range map[string]func(testing.TB, int) string{"tmpfs": testenv.Tmpfs, "ext4": testenv.Ext4} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := disk(t, 8)
			if self, parent := mountNamespace(t, "self"), mountNamespace(t, strconv.Itoa(os.Getppid())); self == parent {
				t.Error("it is mounted for everybody")
			}
			err := os.WriteFile(filepath.Join(dir, "large"), bytes.Repeat([]byte("x"), 9<<20), 0o600)
			if !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("9 MiB on a disk of 8: %v", err)
			}
		})
	}
}

func TestAnOrdinaryUserMayNotDoEverything(t *testing.T) {
	t.Parallel()
	t.Run("in a test in a test", func(t *testing.T) {
		if !testenv.AsOrdinaryUser(t) {
			return
		}
		dir := t.TempDir()
		if err := os.Chmod(dir, 0o500); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "x"), nil, 0o600); !errors.Is(err, os.ErrPermission) {
			t.Errorf("a file in a closed directory: %v", err)
		}
	})
}
