package inspect

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
)

// followPause is how often a followed log is looked at.
const followPause = 200 * time.Millisecond

// Follower gets what a followed log shows.
type Follower struct {
	Show func(GroupHead, []Entry) error
	Idle func() error                 // all was shown, for now
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
	stamp := ""
	for changed := true; ; {
		// A write right after the last look can leave the same time on the file: so
		// after each change it is looked at once more.
		now, again := j.stamp(), changed
		changed, stamp = now != stamp, now
		if changed || again {
			_, err := j.Scan(ctx, next)
			if errors.Is(err, errEnough) {
				return to.Idle()
			}
			if err := errors.Join(err, to.Idle()); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(followPause):
		}
	}
}

// stamp changes when the log does: names, sizes and times of its files.
func (j *Journal) stamp() string {
	listing, err := segment.List(j.log())
	if err != nil {
		return err.Error()
	}
	var b strings.Builder
	for _, name := range listing.Segments {
		if fi, err := os.Lstat(filepath.Join(j.log(), name.String(), segment.FileName)); err == nil {
			fmt.Fprintln(&b, name, fi.Size(), fi.ModTime().UnixNano())
		}
	}
	return b.String()
}
