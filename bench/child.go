package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strconv"
)

// Some things are measured in a process of their own: one that crashes, and one
// whose memory is nobody else's. The program starts itself with these arguments.
const (
	childArg   = "child"   // child <task> <competitor> <directory> <number>
	mountedArg = "mounted" // mounted <arguments as given>: on a file system of its own
)

var childTasks = map[string]func(ctx context.Context, c Competitor, dir string, n int) error{
	"crash": crashTask,
	"cost":  costTask,
}

// childMain runs a task of a child process.
func childMain(ctx context.Context, args []string) error {
	if len(args) != 4 || childTasks[args[0]] == nil {
		return errors.New("usage: child <task> <competitor> <directory> <number>")
	}
	n, err := strconv.Atoi(args[3])
	if err != nil {
		return err
	}
	cs, err := choose(args[1])
	if err != nil {
		return err
	}
	return childTasks[args[0]](ctx, cs[0], args[2], n)
}

// child prepares a command that runs a task, n being the amount of work.
func child(ctx context.Context, task string, c Competitor, dir string, n int) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, childArg, task, c.Name, dir, strconv.Itoa(n))
	cmd.Stderr = os.Stderr
	dieWithParent(cmd)
	return cmd, nil
}
