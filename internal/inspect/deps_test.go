package inspect

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// A program that can't reach the writer of a journal can't change one.
func TestTheInspectorNeverReachesTheWriter(t *testing.T) {
	t.Parallel()
	const module = "github.com/forewrite/forewrite/"
	inspectors := []string{module + "internal/inspect/...", module + "cmd/journal-inspect"}
	forbidden := []string{
		module + "journal",
		module + "internal/logwriter",
		"github.com/tidwall/wal",
	}
	out, err := exec.CommandContext(t.Context(), "go", append([]string{"list", "-deps"}, inspectors...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(out))
	for _, known := range []string{module + "internal/segment", module + "recovery", module + "journal/record"} {
		if !slices.Contains(deps, known) {
			t.Fatalf("go list -deps does not show %s: %q", known, deps)
		}
	}
	for _, pkg := range forbidden {
		t.Run(pkg, func(t *testing.T) {
			t.Parallel()
			for _, dep := range deps {
				if strings.HasPrefix(dep+"/", pkg+"/") && dep != module+"journal/record" {
					t.Errorf("the inspector depends on %s", dep)
				}
			}
		})
	}
}
