package testenv_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/forewrite/forewrite/internal/testenv"
)

func TestMain(m *testing.M) {
	testenv.Main(m, map[string]func() error{
		"count": func() error {
			testenv.ExitWithParent()
			for n := 0; ; n++ {
				fmt.Println(os.Args[1], n)
			}
		},
		"end":  func() error { return nil },
		"fail": func() error { return errors.New("broken") },
		"mute": func() error { testenv.ExitWithParent(); select {} },
	})
}

func TestAProcessIsKilledAtALine(t *testing.T) {
	t.Parallel()
	last := ""
	err := testenv.RunAndKill(t, 0, func(line string) (bool, error) {
		last = line
		return line == "at 1000", nil
	}, "count", "at")
	if err != nil || !strings.HasPrefix(last, "at ") {
		t.Errorf("%q, %v", last, err)
	}
}

func TestAProcessIsKilledAfterATime(t *testing.T) {
	t.Parallel()
	none := func(line string) (bool, error) { return false, errors.New("said " + line) }
	if err := testenv.RunAndKill(t, 10*time.Millisecond, none, "mute"); err != nil {
		t.Error(err)
	}
}

func TestAProcessThatWasNotKilledIsAnError(t *testing.T) {
	t.Parallel()
	for role, want := range map[string]string{
		"end":     "ended before it was killed",
		"fail":    "broken",
		"unknown": "no role",
		"count":   "unexpected",
	} {
		err := testenv.RunAndKill(t, 0, func(string) (bool, error) { return false, errors.New("unexpected") }, role, "x")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", role, err)
		}
	}
}

func TestAScratchDirectoryIsRemovedWithWhatIsInIt(t *testing.T) {
	var outer, inner string
	code := testenv.Scratch(func(dir string) int {
		outer = dir
		return testenv.Scratch(func(dir string) int {
			inner = dir
			if err := os.WriteFile(filepath.Join(dir, "x"), nil, 0o600); err != nil {
				t.Error(err)
			}
			return 7
		})
	})
	if code != 7 || filepath.Dir(inner) != outer {
		t.Errorf("%d, %s in %s", code, inner, outer)
	}
	if _, err := os.Stat(outer); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", outer, err)
	}
}
