package docstest

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/forewrite/forewrite/"

// levels has the order of packages that docs/ARCHITECTURE.md describes: a package
// imports only packages of lower levels.
var levels = map[string]int{
	"internal/fsx": 0, "journal/record": 0, "internal/parallel": 0, "internal/lockwait": 0, "internal/jsonfile": 0, "internal/pathwalk": 0,
	"internal/layout": 1, "atomic": 1, "internal/inspect/wording": 1,
	"internal/staging": 2, "internal/segment": 2,
	"internal/apply":    3,
	"internal/snapshot": 4, "internal/viewlock": 4,
	"internal/overlay": 5, "internal/logwriter": 5, "recovery": 5,
	"journal": 6, "internal/inspect": 6,
	"internal/inspect/text": 7, "internal/inspect/ndjson": 7, "internal/inspect/page": 7,
	"cmd/journal-inspect": 8, "examples/ledger": 8,
}

// testOnly are packages that only tests import.
var testOnly = []string{"internal/testtree", "internal/testenv", "internal/docstest", "internal/segment/segmenttest",
	"internal/inspect/inspecttest", "fuzz", "fuzz/crashfs"}

type goPackage struct {
	ImportPath string
	Imports    []string
}

func list(t *testing.T) []goPackage {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", "./...")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []goPackage
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func TestImportsPointOneWay(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, p := range list(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		if isTestOnly(name) {
			continue
		}
		level, known := levels[name]
		if !known {
			t.Errorf("%s has no level here, and no row in docs/ARCHITECTURE.md", name)
			continue
		}
		seen++
		for _, i := range p.Imports {
			imported, ours := strings.CutPrefix(i, module)
			if !ours {
				continue
			}
			if below, known := levels[imported]; !known || below >= level {
				t.Errorf("%s (level %d) imports %s (level %d)", name, level, imported, below)
			}
		}
	}
	if seen != len(levels) {
		t.Errorf("%d packages have levels, %d are there", len(levels), seen)
	}
}

func isTestOnly(name string) bool {
	for _, t := range testOnly {
		if name == t {
			return true
		}
	}
	return false
}

// The engine must see fresh segments only, and recovery and the inspector must not
// depend on it.
func TestOnlyTheLogWriterUsesTheEngine(t *testing.T) {
	t.Parallel()
	users := 0
	for _, p := range list(t) {
		for _, i := range p.Imports {
			if strings.HasPrefix(i, "github.com/tidwall/wal") {
				users++
				if p.ImportPath != module+"internal/logwriter" {
					t.Errorf("%s imports %s", p.ImportPath, i)
				}
			}
		}
	}
	if users == 0 {
		t.Error("nothing imports the engine")
	}
}
