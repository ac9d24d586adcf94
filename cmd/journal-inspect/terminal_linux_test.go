package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/forewrite/forewrite/internal/inspect/inspecttest"
	"golang.org/x/sys/unix"
)

// terminal returns the two ends of a terminal.
func terminal(t *testing.T) (user, program *os.File) {
	t.Helper()
	user, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no terminals here: %v", err)
	}
	t.Cleanup(func() { user.Close() })
	if err := unix.IoctlSetPointerInt(int(user.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(user.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return user, program
}

// onTerminal runs the command line and returns what a user sees.
func onTerminal(t *testing.T, args ...string) string {
	t.Helper()
	user, program := terminal(t)
	seen := make(chan string)
	go func() {
		text, _ := io.ReadAll(user) // ends with an error when the program's end is closed
		seen <- string(text)
	}()
	run(t.Context(), args, program, program)
	program.Close()
	return <-seen
}

func TestTerminal(t *testing.T) {
	root := t.TempDir()
	if err := inspecttest.Build(root, "open\ntx 1 put a one"); err != nil {
		t.Fatal(err)
	}
	pager := filepath.Join(t.TempDir(), "pager")
	if err := os.WriteFile(pager, []byte("#!/bin/sh\nsed 's/^/paged: /'\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	quitter := filepath.Join(t.TempDir(), "quitter")
	if err := os.WriteFile(quitter, []byte("#!/bin/sh\nexit 0\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name      string
		env       []string
		args      []string
		want, not string
	}{
		{"colors", nil, []string{"status", root}, `\x1b\[33mneeds recovery`, ""},
		{"NO_COLOR", []string{"NO_COLOR=0"}, []string{"status", root}, `needs recovery`, `\x1b\[33m`},
		{"empty NO_COLOR", []string{"NO_COLOR="}, []string{"status", root}, `\x1b\[33mneeds recovery`, ""},
		{"dumb terminal", []string{"TERM=dumb"}, []string{"status", root}, `needs recovery`, `\x1b\[33m`},
		{"never", nil, []string{"status", root, "--color=never"}, `needs recovery`, `\x1b\[33m`},
		{"pager", []string{"PAGER=" + pager}, []string{"dump", root}, `paged: .*group 1`, ""},
		{"no pager for one screen", []string{"PAGER=" + pager}, []string{"status", root}, `needs recovery`, `paged`},
		{"no pager for JSON", []string{"PAGER=" + pager}, []string{"dump", "--json", root}, `"group"`, `paged`},
		{"--no-pager", []string{"PAGER=" + pager}, []string{"dump", "--no-pager", root}, `group 1`, `paged`},
		{"pager that is quit", []string{"PAGER=" + quitter}, []string{"dump", root}, ``, `journal-inspect:`},
		{"pager that is missing", []string{"PAGER=/nowhere"}, []string{"dump", root}, `group 1`, ""},
		{"speed", []string{"PAGER="}, []string{"check", root}, `checked in `, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("TERM", "xterm")
			t.Setenv("PAGER", "")
			t.Setenv("NO_COLOR", "")
			for _, e := range tt.env {
				name, value, _ := strings.Cut(e, "=")
				t.Setenv(name, value)
			}
			got := onTerminal(t, tt.args...)
			if !regexp.MustCompile(tt.want).MatchString(got) {
				t.Errorf("it shows %q, without %s", got, tt.want)
			}
			if tt.not != "" && regexp.MustCompile(tt.not).MatchString(got) {
				t.Errorf("it shows %q, with %s", got, tt.not)
			}
		})
	}
}
