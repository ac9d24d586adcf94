package viewlock_test

import (
	"slices"
	"testing"

	"github.com/forewrite/forewrite/internal/layout"
	"github.com/forewrite/forewrite/internal/testenv"
)

// A program that is refused tries again, and must not run out of descriptors.
func TestAReaderThatIsRefusedLeavesNothingOpen(t *testing.T) {
	in(t, func(p place) {
		o := p.owner()
		defer p.close(o)
		before := testenv.OpenFiles(p, p.dir.RootPath())
		p.exclude(o)
		p.refused("while they are excluded")
		p.admit(o)
		after := testenv.OpenFiles(p, p.dir.RootPath())
		if !slices.Contains(after, layout.DefaultDir+"/"+layout.ViewFile) || len(after) != len(before) {
			p.Errorf("open before: %q, after: %q", before, after)
		}
	})
}
