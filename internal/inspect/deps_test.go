package inspect

import (
	"os/exec"
	"strings"
	"testing"
)

// What can't reach the journal can't change one.
func TestNeverDependsOnTheJournal(t *testing.T) {
	t.Parallel()
	for _, pkg := range []string{"github.com/forewrite/forewrite/internal/inspect", "github.com/forewrite/forewrite/cmd/journal-inspect"} {
		out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", pkg).Output()
		if err != nil {
			t.Fatal(err)
		}
		deps := strings.Fields(string(out))
		if len(deps) < 10 {
			t.Fatalf("go list -deps %s: %q", pkg, out)
		}
		for _, dep := range deps {
			if dep == "github.com/forewrite/forewrite/journal" || strings.HasPrefix(dep, "github.com/tidwall/wal") {
				t.Errorf("%s depends on %s", pkg, dep)
			}
		}
	}
}
