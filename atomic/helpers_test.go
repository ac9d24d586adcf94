package atomic_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/forewrite/forewrite/atomic"
)

// children are what this test binary does when a test starts it again as another
// process: the environment names one.
var children = map[string]func(){
	"nothing":   func() {},
	"increment": childIncrement,
	"hold":      childHold,
	"leak":      childLeak,
	"write":     childWrite,
}

const childEnv = "ATOMIC_TEST_CHILD"

func TestMain(m *testing.M) {
	if run, ok := children[os.Getenv(childEnv)]; ok {
		run()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child prepares another process; it is killed when the test ends.
func child(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, args...)
	cmd.Env = append(os.Environ(), childEnv+"="+name)
	cmd.Stderr = os.Stderr
	t.Cleanup(func() {
		if cmd.Process != nil {
			cmd.Process.Kill()
			cmd.Wait()
		}
	})
	return cmd
}

// startChild starts it and waits for the line that says it is ready.
func startChild(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := child(t, name, args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make(chan error, 1)
	go func() {
		_, err := fmt.Fscanln(out)
		ready <- err
	}()
	select {
	case err := <-ready:
		if err != nil && err.Error() != "unexpected newline" {
			t.Fatal(err)
		}
	case <-time.After(20 * time.Second):
		t.Fatalf("child %s is not ready", name)
	}
	return cmd
}

// childFatal ends a child that can't go on.
func childFatal(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "child:", err)
		os.Exit(1)
	}
}

func put(t testing.TB, name, content string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func wantContent(t testing.TB, name, want string) {
	t.Helper()
	got, err := os.ReadFile(name)
	if err != nil {
		t.Error(err)
	} else if !bytes.Equal(got, []byte(want)) {
		t.Errorf("%s: %.60q, want %.60q", filepath.Base(name), got, want)
	}
}

// wantNames checks that dir holds exactly these names: nothing leaked.
func wantNames(t testing.TB, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Error(err)
		return
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%s holds %s, want %s", dir, strings.Join(got, " "), strings.Join(want, " "))
	}
}

// version is that of a file with this content, for IfMatch.
func version(content string) *atomic.Version {
	v := atomic.VersionOfBytes([]byte(content))
	return &v
}

func symlink(t testing.TB, to, name string) {
	t.Helper()
	if err := os.Symlink(to, name); err != nil {
		t.Skip(err) // not allowed to everybody on Windows
	}
}
