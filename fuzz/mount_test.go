//go:build linux && (amd64 || arm64)

package fuzz

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/forewrite/forewrite/fuzz/crashfs"
	"github.com/forewrite/forewrite/internal/testenv"
)

// mounts are file systems that wait to be used again: mounting takes longer than
// most workloads.
var mounts struct {
	sync.Mutex
	free []*crashfs.FS
	all  []*crashfs.FS
}

// borrow returns an empty crashfs. It goes back when the test ends; nothing may be
// open on it then.
func borrow(t testing.TB) *crashfs.FS {
	t.Helper()
	f, err := takeMount()
	if errors.Is(err, crashfs.ErrUnavailable) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { giveBack(f) })
	return f
}

func takeMount() (*crashfs.FS, error) {
	mounts.Lock()
	defer mounts.Unlock()
	if n := len(mounts.free); n > 0 {
		f := mounts.free[n-1]
		mounts.free = mounts.free[:n-1]
		f.Load(crashfs.Trace{})
		f.Settle()
		return f, nil
	}
	dir, err := os.MkdirTemp(scratch, "mount-")
	if err != nil {
		return nil, err
	}
	f, err := crashfs.Mount(dir)
	if err != nil {
		os.Remove(dir)
		return nil, err
	}
	mounts.all = append(mounts.all, f)
	return f, nil
}

func giveBack(f *crashfs.FS) {
	mounts.Lock()
	defer mounts.Unlock()
	mounts.free = append(mounts.free, f)
}

// scratch is where mount points and states are made: in memory, if possible.
var scratch string

func TestMain(m *testing.M) {
	os.Exit(testenv.Scratch(func(dir string) int {
		scratch = dir
		return testenv.Contain(func() int { return runAndUnmount(m) })
	}))
}

func runAndUnmount(m *testing.M) int {
	code := m.Run()
	for _, f := range mounts.all {
		if err := f.Close(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = max(code, 1)
		}
	}
	return code
}
