package inspect

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
)

// followInterval is how often a followed log is looked at.
const followInterval = 200 * time.Millisecond

// Follower receives what a followed log shows.
type Follower struct {
	Show func(Group) error
	Idle func() error                 // all groups so far were shown
	Gap  func(first, last record.LSN) // groups that were retired before they could be read
}

// Follow shows what Run does, and then what the owner goes on to write, until ctx
// ends or the limit is reached.
func (d *Dump) Follow(ctx context.Context, j *Journal, to Follower) error {
	visit, seen := d.visitor(to.Show), record.LSN(0)
	next := func(g *segment.Group) error {
		if g.Header.LSN <= seen {
			return nil
		}
		if seen > 0 && g.Header.LSN > seen+1 {
			to.Gap(seen+1, g.Header.LSN-1)
		}
		seen = g.Header.LSN
		return visit(g)
	}
	last := ""
	for changed := true; ; {
		// A write right after the last look can leave the same time on the file: so
		// after each change the log is read once more.
		now, again := j.fingerprint(), changed
		changed, last = now != last, now
		if changed || again {
			_, err := j.Scan(ctx, next)
			if errors.Is(err, errEnough) {
				return to.Idle()
			}
			if err := errors.Join(err, to.Idle()); err != nil {
				return err
			}
		}
		if err := sleep(ctx, followInterval); err != nil {
			return err
		}
	}
}

// fingerprint changes when the log does: names, sizes and times of its files.
func (j *Journal) fingerprint() string {
	var b strings.Builder
	j.segmentFiles(func(name segment.Name, fi fs.FileInfo) {
		fmt.Fprintln(&b, name, fi.Size(), fi.ModTime().UnixNano())
	})
	return b.String()
}
