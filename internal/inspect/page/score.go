package page

import (
	"fmt"
	"maps"
	"slices"

	"github.com/forewrite/forewrite/internal/inspect"
	"github.com/forewrite/forewrite/internal/inspect/wording"
)

// system is one drawing of transactions over LSN: a column a transaction, a lane a
// path, and a note on the lane of each path that the transaction changes. As in sheet
// music, what does not fit on one system goes on in the next.
type system struct {
	Lanes                  []lane
	Columns                []column
	Width, Height, X0, Top int
}

type lane struct {
	Name, Short string
	Y           int
}

type column struct {
	X, Top, Bottom int // the stem from the first to the last note
	Class, Title   string
	Label          string // under the column: the transaction's id, or the kind of mark
	LSN            uint64
	Mark           bool
	Shade          bool // every other group, so that one sees where a group ends
	Notes          []note
}

type note struct {
	Path        string
	Y           int
	Shape       string // "put", "dir", "gone" or "mode"
	Title       string
	Left, Right int // of the shapes that have corners
	Up, Down    int
}

const (
	laneHeight    = 20
	columnWidth   = 24
	systemColumns = 32
	nameWidth     = 250
	nameRunes     = 30
	noteSize      = 5
	otherPaths    = "other paths"
)

// systems draws all transactions and marks.
func systems(t *inspect.Timeline) []system {
	var columns []column
	for i := range t.Groups {
		g := &t.Groups[i]
		first := len(columns)
		for k := range g.Records {
			if r := &g.Records[k]; r.IsMark() {
				columns = append(columns, column{Mark: true, Class: "mark", Label: r.Kind,
					Title: fmt.Sprintf("%s, %s", r.Label(), wording.Time(r.Time))})
			}
		}
		for k := range g.Txs {
			columns = append(columns, columnOf(t, &g.Txs[k]))
		}
		for k := range columns[first:] {
			columns[first+k].LSN, columns[first+k].Shade = uint64(g.LSN), i%2 == 1
		}
	}
	var all []system
	for part := range slices.Chunk(columns, systemColumns) {
		all = append(all, systemOf(part))
	}
	return all
}

// columnOf describes a transaction, without a position.
func columnOf(t *inspect.Timeline, tx *inspect.TimelineTx) column {
	c := column{Class: classes[tx.State], Label: wording.Number(tx.ID), Title: fmt.Sprintf("tx %d, %s, %s, %s",
		tx.ID, tx.State, wording.Count(tx.Updates, "update"), wording.Size(tx.Bytes))}
	for _, intent := range tx.Intents {
		path := wording.Quote(intent.Path)
		n := note{Path: path, Shape: shapes[intent.Op], Title: intent.Op + " " + path}
		if t.Lane(intent.Path) == len(t.Lanes) {
			n.Path = otherPaths
		}
		c.Notes = append(c.Notes, n)
	}
	return c
}

var shapes = map[string]string{"put": "put", "symlink": "put", "mkdir": "dir", "remove": "gone", "removeall": "gone", "chmod": "mode"}

// systemOf draws columns on the lanes of the paths that occur in them.
func systemOf(columns []column) system {
	lanes := make(map[string]int)
	for i := range columns {
		for _, n := range columns[i].Notes {
			lanes[n.Path] = 0
		}
	}
	s := system{Columns: columns, Width: nameWidth + systemColumns*columnWidth, X0: nameWidth, Top: laneHeight / 2}
	for i, name := range slices.Sorted(maps.Keys(lanes)) {
		lanes[name] = i*laneHeight + laneHeight
		s.Lanes = append(s.Lanes, lane{name, shorten(name, nameRunes), lanes[name]})
	}
	bottom := len(lanes)*laneHeight + laneHeight/2
	s.Height = bottom + 28
	for i := range columns {
		columns[i].move(nameWidth+i*columnWidth+columnWidth/2, bottom, lanes)
	}
	return s
}

// move gives the column and its notes their positions.
func (c *column) move(x, bottom int, lanes map[string]int) {
	c.X, c.Top, c.Bottom = x, laneHeight/2, bottom
	for i := range c.Notes {
		n := &c.Notes[i]
		n.Y = lanes[n.Path]
		n.Left, n.Right, n.Up, n.Down = x-noteSize, x+noteSize, n.Y-noteSize, n.Y+noteSize
		if i == 0 {
			c.Top, c.Bottom = n.Y, n.Y
		}
		c.Top, c.Bottom = min(c.Top, n.Y), max(c.Bottom, n.Y)
	}
}

// shorten returns the end of a long name, which says more than its beginning.
func shorten(name string, runes int) string {
	r := []rune(name)
	if len(r) <= runes {
		return name
	}
	return "…" + string(r[len(r)-runes+1:])
}
