package inspect

import (
	"fmt"
	"maps"
	"slices"
)

// byteMap is the drawing of a segment's bytes: a bar of mapWidth units.
type byteMap struct {
	Name, Text string
	Boxes      []box
}

// box is one rectangle of a drawing, with what it stands for.
type box struct {
	X, W         float64
	Class, Title string
	LSN          uint64 // of the group that it leads to; 0 for none
}

const mapWidth = 1000

// byteMap draws each group that is shown as a box of its own, and the rest as
// the spans that they are.
func (t *Timeline) byteMap(e *Segment) byteMap {
	m := byteMap{Name: e.Name.String(), Text: list(size(e.Size), size(e.Used)+" used", e.lsns())}
	scale := mapWidth / float64(max(e.Size, 1))
	for _, s := range e.Spans {
		b := box{X: float64(s.Offset) * scale, W: float64(s.Length) * scale, Class: classes[s.Kind], Title: s.title()}
		if s.Kind == "groups" {
			b.Class = "older"
		}
		m.Boxes = append(m.Boxes, b)
	}
	for i := range t.Groups {
		g := &t.Groups[i]
		if g.Segment != e.Name {
			continue
		}
		m.Boxes = append(m.Boxes, box{X: float64(g.Offset) * scale, W: float64(g.Size) * scale, Class: g.class(), LSN: uint64(g.LSN),
			Title: fmt.Sprintf("group %d, %s at %s", g.LSN, size(g.Size), at(g.Offset))})
	}
	return m
}

func (s *Span) title() string {
	what := map[string]string{"groups": "groups", "zero": "zeroes", "unknown": "torn or damaged", "stranded": "whole groups out of reach"}[s.Kind]
	return fmt.Sprintf("%s: %s at %s", what, size(s.Length), at(s.Offset))
}

// system is one line of the score: transactions over LSN, a column each, with a
// note on the line of each path that they change. As in sheet music, what does not
// fit on one goes on in the next.
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
	Shade          bool // every other group, so that they can be told apart
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

// score draws all transactions and marks.
func (t *Timeline) score() []system {
	var columns []column
	for i := range t.Groups {
		g := &t.Groups[i]
		first := len(columns)
		for k := range g.Entries {
			if e := &g.Entries[k]; e.CheckpointLSN != nil {
				columns = append(columns, column{Mark: true, Class: "mark", Label: e.Kind, Title: fmt.Sprintf("%s, %s", e.label(), when(e.Time))})
			}
		}
		for k := range g.Txs {
			columns = append(columns, t.column(&g.Txs[k]))
		}
		for k := range columns[first:] {
			columns[first+k].LSN, columns[first+k].Shade = uint64(g.LSN), i%2 == 1
		}
	}
	var systems []system
	for part := range slices.Chunk(columns, systemColumns) {
		systems = append(systems, systemOf(part))
	}
	return systems
}

// column describes a transaction. Its place is not known yet.
func (t *Timeline) column(tx *TimelineTx) column {
	c := column{Class: classes[tx.State], Label: utoa(tx.ID),
		Title: fmt.Sprintf("tx %d, %s, %s, %s", tx.ID, tx.State, count(len(tx.Updates), "update"), size(tx.Bytes))}
	for _, u := range tx.Updates {
		p := quote(u.Path)
		n := note{Path: p, Shape: shapes[u.Op], Title: u.Op + " " + p}
		if t.Lane(u.Path) == len(t.Lanes) {
			n.Path = otherPaths
		}
		c.Notes = append(c.Notes, n)
	}
	return c
}

var shapes = map[string]string{"put": "put", "symlink": "put", "mkdir": "dir", "remove": "gone", "removeall": "gone", "chmod": "mode"}

// systemOf places columns on the lanes of the paths that occur in them.
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
		columns[i].place(nameWidth+i*columnWidth+columnWidth/2, bottom, lanes)
	}
	return s
}

func (c *column) place(x, bottom int, lanes map[string]int) {
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

// shorten keeps the end of a long name, which says more than its beginning.
func shorten(name string, runes int) string {
	r := []rune(name)
	if len(r) <= runes {
		return name
	}
	return "…" + string(r[len(r)-runes+1:])
}
