package testenv

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// Command prepares another process of the test binary that does what a role of [Main]
// says. If it still runs at the end of the test it is killed.
func Command(t testing.TB, role string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), roleEnv+"="+role)
	t.Cleanup(func() {
		if cmd.Process != nil && cmd.ProcessState == nil {
			cmd.Process.Kill()
			cmd.Wait()
		}
	})
	return cmd
}

// ExitWithParent makes this process exit when its standard input ends, which [RunAndKill]
// holds open: a role that runs for ever ends with the tests.
func ExitWithParent() {
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(2)
	}()
}

// killLimit is how long a process may run that was not killed yet.
const killLimit = time.Minute

// RunAndKill runs a role and calls line with each line that it prints, until line
// returns true or life has passed (0: a minute, and then it is an error). Then it
// kills the process. Lines that it printed before it died are still read. A process
// that ended by itself, or wrote to its standard error, is an error.
func RunAndKill(t testing.TB, life time.Duration, line func(string) (done bool, err error), role string, args ...string) error {
	t.Helper()
	cmd := Command(t, role, args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	defer stdin.Close()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	var killed, late atomic.Bool
	kill := func() {
		killed.Store(true)
		cmd.Process.Kill()
	}
	var timer *time.Timer
	if life > 0 {
		timer = time.AfterFunc(life, kill)
	} else {
		timer = time.AfterFunc(killLimit, func() { late.Store(true); kill() })
	}
	defer timer.Stop()
	readErr := eachLine(stdout, line, kill)
	waitErr := cmd.Wait()
	switch {
	case stderr.Len() > 0:
		return fmt.Errorf("%s: %s", role, strings.TrimSpace(stderr.String()))
	case readErr != nil:
		return readErr
	case late.Load():
		return fmt.Errorf("%s: printed no line to be killed at within %v", role, killLimit)
	case !killed.Load() || waitErr == nil:
		return fmt.Errorf("%s: ended before it was killed: %v", role, waitErr)
	}
	return nil
}

// eachLine calls line with each line, and kill when that returns true or an error.
func eachLine(r io.Reader, line func(string) (bool, error), kill func()) (err error) {
	in, ended := bufio.NewScanner(r), false
	for in.Scan() {
		done, lineErr := line(in.Text())
		if err == nil {
			err = lineErr
		}
		if (done || err != nil) && !ended {
			kill()
			ended = true
		}
	}
	return errors.Join(err, in.Err())
}
