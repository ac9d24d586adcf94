package inspect

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/forewrite/forewrite/internal/inspect/inspecttest"
	"github.com/forewrite/forewrite/internal/layout"
	"github.com/forewrite/forewrite/journal/record"
)

// A followed log shows each group once and in order, in whatever segment it is. Groups
// that were retired before they could be read are reported.
func TestFollowReportsGroupsThatItMissed(t *testing.T) {
	t.Parallel()
	const before = "open\ntx 1 put a one\nsegment 4096\ntx 2 put b two"
	const after = before + "\nsegment 4096\ntx 3 put a three\nsegment 4096\ncheckpoint 4\ntx 4 put b four\nlose 1\nlose 2\nlose 3"
	j := change(t, before)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var shown []string
	err := (&Dump{}).Follow(ctx, j, Follower{
		Show: func(g Group) error {
			shown = append(shown, fmt.Sprint(g.LSN))
			return nil
		},
		Gap: func(first, last record.LSN) { shown = append(shown, fmt.Sprintf("gap %d-%d", first, last)) },
		Idle: func() error {
			switch len(shown) {
			case 3:
				replaceLog(t, j, after)
			case 6:
				cancel()
			}
			return nil
		},
	})
	if want := []string{"1", "2", "3", "gap 4-4", "5", "6"}; !slices.Equal(shown, want) || !errors.Is(err, context.Canceled) {
		t.Errorf("shown %q, %v; want %q", shown, err, want)
	}
}

// replaceLog gives the journal the log that the script makes.
func replaceLog(t *testing.T, j *Journal, script string) {
	t.Helper()
	root := t.TempDir()
	if err := inspecttest.Build(root, script); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(j.log()); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename((&Journal{Dir: root + "/" + layout.DefaultDir}).log(), j.log()); err != nil {
		t.Fatal(err)
	}
}
