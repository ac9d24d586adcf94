//go:build linux && (amd64 || arm64)

package fuzz

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

var planted = flag.String("planted", "", "plant each bug whose name has this in it in a copy of the module, and see which test catches it; all: every one")

// bug is a mistake that somebody could make. It replaces one text in one file.
type bug struct {
	name     string
	file     string
	old, new string
}

// stages are the tests that look for a bug, the fast ones first.
var stages = [][]string{
	{"./fuzz", "-short", "-run", "TestExplore|TestFaults|TestRegress|Fuzz"},
	{"./fuzz", "-run", "(TestExplore|TestFaults)/workloads/(one-file|many-files|first-open|segment-switch|checkpoint|staged|kill)"},
	{"./recovery", "./journal/record", "./internal/segment"},
	{"./journal"},
}

// TestPlantedBugs proves that the tests see what they are there to see.
func TestPlantedBugs(t *testing.T) {
	if *planted == "" {
		t.Skip("no -planted")
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	copyModule(t, root, dir)
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	caught, tried := 0, 0
	for _, bug := range bugs {
		if *planted != "all" && !strings.Contains(bug.name, *planted) {
			continue
		}
		tried++
		start := time.Now()
		by := bug.hunt(t, dir)
		if by != "" {
			caught++
		}
		fmt.Fprintf(w, "%s\t%s\t%.0fs\n", bug.name, by, time.Since(start).Seconds())
		t.Logf("%d of %d: %s: %s", tried, len(bugs), bug.name, by)
	}
	w.Flush()
	t.Logf("%d of %d caught\n%s", caught, tried, b.String())
	if caught < tried {
		t.Errorf("%d bugs survived", tried-caught)
	}
}

// A bug that can't be planted any more would be one that nobody looks for.
func TestPlantedBugsFitTheCode(t *testing.T) {
	t.Parallel()
	for _, b := range bugs {
		code, err := os.ReadFile(filepath.Join("..", b.file))
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(code), b.old); n != 1 {
			t.Errorf("%s: %s has %d times what it replaces", b.name, b.file, n)
		}
	}
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
			if rel == ".git" || rel == "bench" {
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

// hunt plants the bug, and returns what caught it: the first test that failed.
func (b bug) hunt(t *testing.T, dir string) string {
	t.Helper()
	name := filepath.Join(dir, b.file)
	good, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	defer os.WriteFile(name, good, 0o644)
	if strings.Count(string(good), b.old) != 1 {
		t.Errorf("%s: %s has %d times what it replaces: bring it up to date", b.name, b.file, strings.Count(string(good), b.old))
		return "not planted"
	}
	bad := strings.Replace(string(good), b.old, b.new, 1)
	if err := os.WriteFile(name, []byte(bad), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := run(dir, "build", "./..."); err != nil {
		t.Errorf("%s: does not compile: %s", b.name, out)
		return "not planted"
	}
	for _, s := range stages {
		args := append([]string{"test", "-vet=off", "-failfast", "-timeout=200s"}, s...)
		if out, err := run(dir, args...); err != nil {
			return firstFailure(out)
		}
	}
	return ""
}

func run(dir string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
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
