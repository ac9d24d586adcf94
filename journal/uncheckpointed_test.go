package journal

import (
	"slices"
	"testing"

	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/journal/record"
)

func TestUncheckpointedGivesOutWhatIsDirtyOnce(t *testing.T) {
	t.Parallel()
	var u uncheckpointed
	step := apply.Step{Change: newRequest("d/f").changes[0], Act: apply.ActPlace}
	for n, want := range []int{2, 0} { // the file and its directory
		if n == 0 {
			u.addSteps([]apply.Step{step})
			u.reached(7)
		}
		if lsn, dirty := u.drain(); lsn != 7 || dirty.Len() != want {
			t.Errorf("take %d: up to group %d, %d paths, want %d", n, lsn, dirty.Len(), want)
		}
	}
	u.addSteps([]apply.Step{step})
	if lsn, dirty := u.drain(); lsn != 7 || dirty.Len() != 2 || u.lastApplied() != 7 {
		t.Errorf("changed again: up to group %d, %d paths", lsn, dirty.Len())
	}
}

// Redo needs a payload in staging until a checkpoint has reached the group that names it.
func TestUncheckpointedKeepsWhatRedoNeeds(t *testing.T) {
	t.Parallel()
	payload := func(kind record.PayloadKind, name string) *apply.Change {
		i := record.Intent{Op: record.OpPut, Path: "f", Payload: record.Payload{Kind: kind, Name: name, Size: 10}}
		return &apply.Change{Intent: i}
	}
	var u uncheckpointed
	u.addStaged(1, []*apply.Change{payload(record.PayloadStaged, "a"), payload(record.PayloadInline, "")})
	u.addStaged(2, []*apply.Change{payload(record.PayloadLinked, "b"), payload(record.PayloadStaged, "c")})
	u.addStaged(4, []*apply.Change{payload(record.PayloadStaged, "d")})
	if got := u.stagedSize(); got != 30 { // the content of a link takes no space of its own
		t.Errorf("%d bytes", got)
	}
	for _, tt := range []struct {
		checkpointed record.LSN
		names        []string
		left         int64
	}{
		{0, nil, 30}, {1, []string{"a"}, 20}, {1, nil, 20}, {3, []string{"b", "c"}, 10}, {4, []string{"d"}, 0}, {9, nil, 0},
	} {
		if got := u.drainStaged(tt.checkpointed); !slices.Equal(got, tt.names) || u.stagedSize() != tt.left {
			t.Errorf("after a checkpoint up to %d: %q, and %d bytes are left", tt.checkpointed, got, u.stagedSize())
		}
	}
}
