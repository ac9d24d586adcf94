package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/forewrite/forewrite/internal/inspect/inspecttest"
	"github.com/forewrite/forewrite/internal/layout"
	"github.com/rogpeppe/go-internal/testscript"
)

// programs are what scripts can run.
var programs = map[string]func(){"journal-inspect": main}

func TestMain(m *testing.M) { testscript.Main(m, programs) }

// TestScripts runs the transcripts in testdata. Whatever a script does, each of
// its journals must be afterwards as mkjournal made it: bytes, names and times.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"mkjournal": mkjournal,
			"frozen":    frozen,
			"inspect":   inspectCommand,
		},
		Setup: func(env *testscript.Env) error {
			made := make(map[string]string)
			env.Values[frozenKey{}] = made
			env.Defer(func() {
				for root, before := range made {
					after, err := inspecttest.Freeze(root)
					if err != nil || after != before {
						t.Errorf("%s: %s was changed (%v)\nbefore:\n%safter:\n%s", env.WorkDir, root, err, before, after)
					}
				}
			})
			return nil
		},
	})
}

type frozenKey struct{}

// mkjournal ROOT SCRIPT [DIR] makes a journal in ROOT/.journal, or in ROOT/DIR. The
// files in ROOT are from the journal's first day.
func mkjournal(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: mkjournal ROOT SCRIPT [DIR]")
	}
	root := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(root, 0o755))
	ts.Check(setTimes(root))
	ts.Check(inspecttest.Build(root, ts.ReadFile(args[1])))
	for _, dir := range args[2:] {
		ts.Check(os.Rename(filepath.Join(root, layout.DefaultDir), filepath.Join(root, dir)))
	}
	freeze(ts, root)
}

// frozen ROOT says that nothing may change in ROOT from here on.
func frozen(ts *testscript.TestScript, _ bool, args []string) { freeze(ts, ts.MkAbs(args[0])) }

func setTimes(root string) error {
	return filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chtimes(path, inspecttest.Start, inspecttest.Start)
	})
}

func freeze(ts *testscript.TestScript, root string) {
	frozen, err := inspecttest.Freeze(root)
	ts.Check(err)
	ts.Value(frozenKey{}).(map[string]string)[root] = frozen
}

// inspect CODE ARG... runs journal-inspect, which must exit with CODE.
func inspectCommand(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: inspect CODE ARG...")
	}
	err := ts.Exec("journal-inspect", args[1:]...)
	code := 0
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if want, err := strconv.Atoi(args[0]); err != nil || code != want {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
	if out := ts.ReadFile("stdout"); slices.Contains(args, "--json") && out != "" {
		checkLines(ts, strings.Split(strings.TrimSuffix(out, "\n"), "\n"), code)
	}
}

// checkLines checks that JSON output begins with a header and ends with an end that has
// the exit code.
func checkLines(ts *testscript.TestScript, lines []string, code int) {
	type line struct {
		Type string
		Exit int
	}
	parsed := make([]line, len(lines))
	for i, text := range lines {
		ts.Check(json.Unmarshal([]byte(text), &parsed[i]))
	}
	if first := parsed[0]; first.Type != "header" {
		ts.Fatalf("it begins with %s", lines[0])
	}
	if last := parsed[len(parsed)-1]; last.Type != "end" || last.Exit != code {
		ts.Fatalf("it ends with %s, but the exit code is %d", lines[len(lines)-1], code)
	}
}
