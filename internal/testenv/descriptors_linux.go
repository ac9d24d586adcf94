package testenv

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// OpenFiles returns the paths below dir that this process has open, once for each
// descriptor, for tests that prove that none is left.
func OpenFiles(t testing.TB, dir string) (open []string) {
	t.Helper()
	const descriptors = "/proc/self/fd"
	entries, err := os.ReadDir(descriptors)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		p, err := os.Readlink(filepath.Join(descriptors, e.Name()))
		if err == nil && strings.HasPrefix(p, dir+"/") {
			open = append(open, strings.TrimPrefix(p, dir+"/"))
		}
	}
	return open
}
