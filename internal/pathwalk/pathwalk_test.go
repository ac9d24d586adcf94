package pathwalk_test

import (
	"errors"
	"fmt"
	"syscall"
	"testing"

	"github.com/forewrite/forewrite/internal/pathwalk"
)

func TestWalk(t *testing.T) {
	t.Parallel()
	links := map[string]string{
		"l": "d", "d/up": "../e", "abs": "/etc", "out": "../x", "d/out": "../../x", "loop": "loop", "twice": "l/up",
		"slash": "d/", "here": ".", "root": "d/..", "double": "d//f", "nul": "a\x00b",
	}
	tests := []struct {
		name   string
		follow bool
		want   string
		err    error
	}{
		{"a", true, "a", nil},
		{"d/f", true, "d/f", nil},
		{"l", false, "l", nil},
		{"l", true, "d", nil},
		{"l/f", false, "d/f", nil},
		{"l/up/f", false, "e/f", nil},
		{"twice/f", false, "e/f", nil},
		{"slash/f", false, "d/f", nil},
		{"slash", true, "d", nil},
		{"here/f", false, "f", nil},
		{"root/f", false, "f", nil},
		{"root", true, ".", nil},
		{"double", true, "d/f", nil},
		{"abs/f", false, "", pathwalk.ErrLeavesRoot},
		{"out", true, "", pathwalk.ErrLeavesRoot},
		{"out", false, "out", nil},
		{"l/out/f", false, "", pathwalk.ErrLeavesRoot},
		{"nul/f", false, "", pathwalk.ErrLeavesRoot},
		{"loop/f", false, "", syscall.ELOOP},
		{"loop", false, "loop", nil},
	}
	for _, tt := range tests {
		ends := 0
		got, err := pathwalk.Walk(tt.name, tt.follow, func(p string, last bool) (string, error) {
			if last && (links[p] == "" || !tt.follow) {
				ends++
			}
			return links[p], nil
		})
		if got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("%s, follow %v: %q, %v; want %q, %v", tt.name, tt.follow, got, err, tt.want, tt.err)
		}
		if err == nil && ends != 1 {
			t.Errorf("%s, follow %v: the end was visited %d times", tt.name, tt.follow, ends)
		}
	}
}

func TestWalkFollowsFortyLinks(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]error{40: nil, 41: syscall.ELOOP} {
		_, err := pathwalk.Walk("l0", true, func(p string, _ bool) (string, error) {
			var i int
			if _, err := fmt.Sscanf(p, "l%d", &i); err != nil || i == n {
				return "", err
			}
			return fmt.Sprint("l", i+1), nil
		})
		if !errors.Is(err, want) {
			t.Errorf("%d links: %v", n, err)
		}
	}
}

func TestWalkEndsWithAnErrorOfVisit(t *testing.T) {
	t.Parallel()
	bad := errors.New("bad")
	calls := 0
	_, err := pathwalk.Walk("a/b/c", true, func(p string, _ bool) (string, error) {
		calls++
		if p == "a/b" {
			return "", bad
		}
		return "", nil
	})
	if err != bad || calls != 2 {
		t.Errorf("%v after %d calls", err, calls)
	}
}
