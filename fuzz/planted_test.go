//go:build linux && (amd64 || arm64)

package fuzz

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

var planted = flag.String("planted", "", "plant each bug whose name contains this in a copy of the module, and see which test catches it; all: every one")

// stages are the tests that look for a bug, the fast ones first.
var stages = [][]string{
	{"./recovery", "./journal/record", "./internal/..."},
	{"./fuzz", "-short", "-run", "TestExplore|TestFaults|TestRegress|Fuzz"},
	{"./journal", "-short", "-viewtime=2s"},
	{"./fuzz", "-run", "(TestExplore|TestFaults)/workloads/(one-file|many-files|first-open|segment-switch|checkpoint|staged|kill)"},
	{"./journal"},
}

// chosen returns the bugs that -planted names, and skips the test without the flag.
func chosen(t *testing.T) []bug {
	t.Helper()
	if *planted == "" {
		t.Skip("no -planted")
	}
	bugs, err := readBugs()
	if err != nil {
		t.Fatal(err)
	}
	if *planted != "all" {
		bugs = slices.DeleteFunc(bugs, func(b bug) bool { return !strings.Contains(b.name, *planted) })
	}
	if len(bugs) == 0 {
		t.Fatalf("no bug in testdata/planted has %q in its name", *planted)
	}
	return bugs
}

// TestPlantedBugsCompile finds bugs that fit the code and are no Go any more.
func TestPlantedBugsCompile(t *testing.T) {
	for _, bug := range chosen(t) {
		overlay, err := bug.overlay(t, "..")
		if err != nil {
			t.Errorf("%s: %v", bug.name, err)
			continue
		}
		if out, err := run("..", "build", "-overlay="+overlay, "./..."); err != nil {
			t.Errorf("%s: %s", bug.name, out)
		}
	}
}

// TestPlantedBugs proves that the tests catch what they are there to catch.
func TestPlantedBugs(t *testing.T) {
	bugs := chosen(t)
	dir := t.TempDir() // of a copy, which nobody edits in the hours that this takes
	copyModule(t, "..", dir)
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	for i, bug := range bugs {
		start := time.Now()
		by, err := bug.hunt(t, dir)
		switch {
		case err != nil:
			t.Errorf("%s: %v", bug.name, err)
			by = "not judged"
		case by == "" && bug.survives == "":
			t.Errorf("%s: no test fails", bug.name)
		case by != "" && bug.survives != "":
			t.Errorf("%s: %s fails, the patch says that no test does", bug.name, by)
		}
		fmt.Fprintf(w, "%s\t%s\t%.0fs\n", bug.name, cmp.Or(by, "-"), time.Since(start).Seconds())
		t.Logf("%d of %d: %s: %s", i+1, len(bugs), bug.name, cmp.Or(by, "not caught"))
	}
	w.Flush()
	t.Logf("which test caught what:\n%s", b.String())
}

func copyModule(t *testing.T, from, to string) {
	err := filepath.WalkDir(from, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, name)
		if err != nil {
			return err
		}
		if d.IsDir() {
			if rel == ".git" || rel == "bench" || rel == "tools" {
				return filepath.SkipDir
			}
			return os.MkdirAll(filepath.Join(to, rel), 0o755)
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), data, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// hunt plants the bug in the module in dir, and returns what caught it: the first
// test that failed.
func (b bug) hunt(t *testing.T, dir string) (string, error) {
	t.Helper()
	overlay, err := b.overlay(t, dir)
	if err != nil {
		return "", err
	}
	if out, err := run(dir, "build", "-overlay="+overlay, "./..."); err != nil {
		return "", fmt.Errorf("does not compile: %s", out)
	}
	for _, s := range stages {
		switch out, err := test(dir, s, "-overlay="+overlay); {
		case strings.Contains(out, "panic: test timed out"):
			return "", fmt.Errorf("go test %s took too long: a slow machine, or a bug that makes it hang", strings.Join(s, " "))
		case err != nil:
			return firstFailure(out), passesWithoutBug(dir, s)
		}
	}
	return "", nil
}

// passed are the stages that are known to pass without a bug.
var passed = map[string]bool{}

// passesWithoutBug returns an error if the stage fails in any case: then it proves
// nothing of a bug.
func passesWithoutBug(dir string, stage []string) error {
	name := strings.Join(stage, " ")
	if !passed[name] {
		if out, err := test(dir, stage); err != nil {
			return fmt.Errorf("go test %s fails without the bug: %s", name, firstFailure(out))
		}
		passed[name] = true
	}
	return nil
}

func test(dir string, stage []string, flags ...string) (string, error) {
	args := append([]string{"test", "-vet=off", "-failfast", "-timeout=280s"}, flags...)
	return run(dir, append(args, stage...)...)
}

// overlay makes a file for the go command's -overlay, with which the module in dir
// is built as if the bug was in it.
func (b bug) overlay(t *testing.T, dir string) (string, error) {
	t.Helper()
	planted, err := b.plant(dir)
	if err != nil {
		return "", err
	}
	dir, err = filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	temp := t.TempDir()
	var overlay struct{ Replace map[string]string }
	overlay.Replace = make(map[string]string)
	for file, code := range planted {
		instead := filepath.Join(temp, strings.ReplaceAll(file, "/", "_"))
		if err := os.WriteFile(instead, []byte(code), 0o644); err != nil {
			return "", err
		}
		overlay.Replace[filepath.Join(dir, file)] = instead
	}
	data, err := json.Marshal(overlay)
	if err != nil {
		return "", err
	}
	name := filepath.Join(temp, "overlay.json")
	return name, os.WriteFile(name, data, 0o644)
}

func run(dir string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	// Without what testenv has set for this process: its tests must begin anew.
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "FOREWRITE_") })
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// firstFailure returns the innermost test that is said to have failed first.
func firstFailure(out string) string {
	found := "the run did not end"
	for line := range strings.Lines(out) {
		name, isFail := strings.CutPrefix(strings.TrimSpace(line), "--- FAIL: ")
		switch {
		case isFail:
			found, _, _ = strings.Cut(name, " (")
		case found != "the run did not end":
			return found
		case strings.HasPrefix(line, "panic: "):
			return strings.TrimSpace(line)
		}
	}
	return found
}
