package main

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// startPager starts $PAGER, less by default, and returns what to write to and how
// to wait for its end. An empty PAGER, or one that can't be started, is no pager.
func startPager(stdout, stderr io.Writer) (io.Writer, func() error) {
	none := func() error { return nil }
	command, set := os.LookupEnv("PAGER")
	if !set {
		command = "less"
	}
	args := strings.Fields(command)
	if len(args) == 0 {
		return stdout, none
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.Env = append(os.Environ(), "LESS=FRX") // no pager for less than a screen; colors
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return stdout, none
	}
	if err := cmd.Start(); err != nil {
		pipe.Close()
		return stdout, none
	}
	return pipe, func() error {
		pipe.Close()
		return cmd.Wait()
	}
}

// ignoreClosedPager drops the error of writing to a pager that was quit.
func ignoreClosedPager(err error, paged bool) error {
	if paged && errors.Is(err, syscall.EPIPE) {
		return nil
	}
	return err
}
