package overlay

import (
	"slices"
	"testing"

	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/journal/record"
)

// busyDisk is an empty directory in which something happens right after it was listed.
type busyDisk struct {
	Layer
	then func()
}

func (d *busyDisk) Names(string) ([]string, error) {
	defer d.then()
	return nil, nil
}

// A file that is put into place while its directory is listed is found in flight or in
// place.
func TestAFileThatIsAppliedWhileItsDirectoryIsListedIsFound(t *testing.T) {
	t.Parallel()
	changes := []*apply.Change{{Intent: record.Intent{Op: record.OpPut, Path: "d/x", Payload: record.Inline([]byte("x"))}}}
	inFlight := new(InFlight)
	inFlight.Publish(1, changes)
	disk := &busyDisk{then: func() { inFlight.Applied(1, changes) }}
	layer := &Changes{Set: inFlight, Source: SourceInFlight, Below: disk}
	names, err := layer.Names("d")
	if err != nil || !slices.Equal(names, []string{"x"}) {
		t.Errorf("listed: %q, %v", names, err)
	}
	if n := inFlight.Len(); n != 0 {
		t.Errorf("the file was not applied: %d paths in flight", n)
	}
}
