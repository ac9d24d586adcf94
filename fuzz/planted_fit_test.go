package fuzz

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Nobody looks for a bug that can't be planted any more.
func TestPlantedBugsFitTheCode(t *testing.T) {
	t.Parallel()
	bugs, err := readBugs()
	if err != nil {
		t.Fatal(err)
	}
	if len(bugs) < 60 {
		t.Fatalf("%d bugs in testdata/planted", len(bugs))
	}
	for _, b := range bugs {
		planted, err := b.plant("..")
		if err != nil {
			t.Errorf("%s: %v", b.name, err)
		}
		for file, code := range planted {
			if old, err := os.ReadFile(filepath.Join("..", file)); err != nil || string(old) == code {
				t.Errorf("%s: changes nothing in %s (%v)", b.name, file, err)
			}
			if _, err := parser.ParseFile(token.NewFileSet(), file, code, parser.SkipObjectResolution); err != nil {
				t.Errorf("%s: %v", b.name, err)
			}
		}
	}
}

const onePatch = `# The second line is doubled.
# Breaks: atomic, nothing lost.
--- a/dir/f.go
+++ b/dir/f.go
@@ -1,2 +1,3 @@
 one
-two
+two two
`

func TestPatchesFitExactlyOnePlace(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, code, want, err string }{
		{"at the beginning", "one\ntwo\nthree\n", "one\ntwo two\nthree\n", ""},
		{"further down", "zero\none\ntwo\n", "zero\none\ntwo two\n", ""},
		{"nowhere", "one\nthree\ntwo\n", "", "0 places"},
		{"in two places", "one\ntwo\none\ntwo\n", "", "2 places"},
		{"only in the middle of a line", "someone\ntwo\n", "", "0 places"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b, err := parseBug(onePatch)
			if err != nil {
				t.Fatal(err)
			}
			root := t.TempDir()
			if err := os.Mkdir(filepath.Join(root, "dir"), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(root, "dir", "f.go"), []byte(c.code), 0o644); err != nil {
				t.Fatal(err)
			}
			planted, err := b.plant(root)
			if c.err == "" && (err != nil || planted["dir/f.go"] != c.want) {
				t.Errorf("got %q, %v; want %q", planted["dir/f.go"], err, c.want)
			}
			if c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
				t.Errorf("error %v; want %s", err, c.err)
			}
		})
	}
}

func TestPatchesSayWhatTheyBreak(t *testing.T) {
	t.Parallel()
	b, err := parseBug(onePatch)
	if err != nil || b.what != "The second line is doubled." || strings.Join(b.breaks, "+") != "atomic+nothing lost" || b.survives != "" {
		t.Errorf("%+v, %v", b, err)
	}
	b, err = parseBug(strings.Replace(onePatch, "---", "# Survives: nobody\n# looks.\n---", 1))
	if err != nil || strings.Join(b.breaks, "+") != "atomic+nothing lost" || b.survives != "nobody looks." {
		t.Errorf("%+v, %v", b, err)
	}
	for _, c := range []struct{ name, old, new, err string }{
		{"no header", "# The second line is doubled.\n# Breaks: atomic, nothing lost.\n", "", "header must say"},
		{"no promise", "# Breaks: atomic, nothing lost.\n", "# It hurts.\n", "header must say"},
		{"an unknown promise", "atomic", "pretty", `"pretty" is not one of`},
		{"stray text", "--- a", "index 123\n--- a", "before the diff"},
		{"no file name", "+++ b/dir/f.go\n", "", "the hunks no file"},
		{"a broken hunk", "-two", "*two", "not a line of a hunk"},
	} {
		text := strings.Replace(onePatch, c.old, c.new, 1)
		if _, err := parseBug(text); err == nil || !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: error %v; want %s", c.name, err, c.err)
		}
	}
}
