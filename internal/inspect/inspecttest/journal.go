package inspecttest

import (
	"os"
	"path/filepath"
	"testing"
)

// Journal makes a tree with these files and a journal by the script, and returns its
// root. The test fails if anything below it is changed before the test ends.
func Journal(t testing.TB, script string, tree map[string]string) (root string) {
	t.Helper()
	root = t.TempDir()
	if err := Build(root, script); err != nil {
		t.Fatal(err)
	}
	for name, text := range tree {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	before, err := Freeze(root)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if after, err := Freeze(root); err != nil || after != before {
			t.Errorf("the journal was changed (%v)\nbefore:\n%safter:\n%s", err, before, after)
		}
	})
	return root
}
