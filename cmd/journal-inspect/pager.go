package main

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// startPager starts $PAGER, less by default, and returns its input and a function that
// waits for its end. When PAGER is empty or can't be started, the input is stdout.
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
	cmd.Env = append(os.Environ(), "LESS=FRX") // quit when it fits on the screen; pass colors on
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

// ignoreClosedPager drops the error of writing to a pager that has ended.
func ignoreClosedPager(err error, paged bool) error {
	if paged && errors.Is(err, syscall.EPIPE) {
		return nil
	}
	return err
}
