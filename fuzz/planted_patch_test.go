package fuzz

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// bug is a mistake that somebody could make, as a unified diff of the code. A
// header of lines that begin with "# " comes first. It says what the mistake is,
// then after "Breaks: " which promises of the README it breaks, and for a bug that
// no test can catch, after "Survives: ", why.
type bug struct {
	name     string // of its file, without .patch
	what     string
	breaks   []string
	survives string
	files    []patch
}

// patch is what a bug changes in one file.
type patch struct {
	file  string // slash-separated, from the module's root
	hunks []hunk
}

// hunk replaces lines by others.
type hunk struct{ old, new string }

var promises = []string{
	"atomic", "durable", "ordered", "idempotent", "contained", "nothing lost", "honest", "fail-stop", "clean errors",
}

// readBugs returns the bugs in testdata/planted, in the order of their names.
func readBugs() ([]bug, error) {
	names, err := filepath.Glob("testdata/planted/*.patch")
	if err != nil {
		return nil, err
	}
	var bugs []bug
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		b, err := parseBug(string(data))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		b.name = strings.TrimSuffix(filepath.Base(name), ".patch")
		bugs = append(bugs, b)
	}
	return bugs, nil
}

func parseBug(text string) (bug, error) {
	var b bug
	lines := strings.SplitAfter(text, "\n")
	header := 0
	for header < len(lines) && strings.HasPrefix(lines[header], "# ") {
		header++
	}
	if err := b.parseHeader(lines[:header]); err != nil {
		return b, err
	}
	var err error
	b.files, err = parseDiff(lines[header:])
	return b, err
}

func (b *bug) parseHeader(lines []string) error {
	var breaks string
	section := &b.what
	for _, line := range lines {
		line = strings.TrimSpace(line[2:])
		if text, found := strings.CutPrefix(line, "Breaks: "); found {
			section, line = &breaks, text
		} else if text, found := strings.CutPrefix(line, "Survives: "); found {
			section, line = &b.survives, text
		}
		*section = strings.TrimSpace(*section + " " + line)
	}
	if b.what == "" || breaks == "" {
		return errors.New(`the header must say what the mistake is, and then "Breaks: " and promises`)
	}
	b.breaks = strings.Split(strings.TrimSuffix(breaks, "."), ", ")
	for _, p := range b.breaks {
		if !slices.Contains(promises, p) {
			return fmt.Errorf("%q is not one of the promises %q", p, promises)
		}
	}
	return nil
}

// parseDiff reads a unified diff of files that exist before and after it. Line
// numbers are not used: a hunk belongs where its old lines are.
func parseDiff(lines []string) ([]patch, error) {
	var files []patch
	for _, line := range lines {
		file := len(files) - 1
		switch {
		case strings.HasPrefix(line, "--- "):
			files = append(files, patch{})
		case file < 0:
			if line != "" {
				return nil, fmt.Errorf("line before the diff that does not begin with %q: %s", "# ", line)
			}
		case strings.HasPrefix(line, "+++ b/"):
			files[file].file = strings.TrimSpace(strings.TrimPrefix(line, "+++ b/"))
		case strings.HasPrefix(line, "@@ "):
			files[file].hunks = append(files[file].hunks, hunk{})
		case line == "":
		case len(files[file].hunks) == 0:
			return nil, fmt.Errorf("line outside of a hunk: %s", line)
		default:
			if err := files[file].hunks[len(files[file].hunks)-1].add(line); err != nil {
				return nil, err
			}
		}
	}
	for _, f := range files {
		if f.file == "" || len(f.hunks) == 0 {
			return nil, fmt.Errorf("the diff of %q has no hunks, or the hunks no file", f.file)
		}
	}
	if len(files) == 0 {
		return nil, errors.New("no diff")
	}
	return files, nil
}

func (h *hunk) add(line string) error {
	switch line[0] {
	case ' ':
		h.old += line[1:]
		h.new += line[1:]
	case '-':
		h.old += line[1:]
	case '+':
		h.new += line[1:]
	default:
		return fmt.Errorf("not a line of a hunk: %s", line)
	}
	return nil
}

// apply returns the code with the bug in it. Each hunk must fit in exactly one
// place.
func (p patch) apply(code string) (string, error) {
	for i, h := range p.hunks {
		if n := countLines(code, h.old); n != 1 {
			return "", fmt.Errorf("hunk %d fits %s in %d places, not in one; its old lines are:\n%s", i+1, p.file, n, h.old)
		}
		code = strings.TrimPrefix(strings.Replace("\n"+code, "\n"+h.old, "\n"+h.new, 1), "\n")
	}
	return code, nil
}

// countLines counts the places where whole lines of code are equal to lines.
func countLines(code, lines string) int {
	n := 0
	for code != "" {
		if strings.HasPrefix(code, lines) {
			n++
		}
		_, code, _ = strings.Cut(code, "\n")
	}
	return n
}

// plant returns the files beneath root that have the bug in them, by name.
func (b bug) plant(root string) (map[string]string, error) {
	planted := make(map[string]string)
	for _, p := range b.files {
		code, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(p.file)))
		if err != nil {
			return nil, err
		}
		if planted[p.file], err = p.apply(string(code)); err != nil {
			return nil, err
		}
	}
	return planted, nil
}
