package page

import (
	"fmt"

	"github.com/forewrite/forewrite/internal/inspect"
	"github.com/forewrite/forewrite/internal/inspect/wording"
)

// byteMap is the drawing of a segment's bytes: a bar of mapWidth units.
type byteMap struct {
	Name, Text string
	Boxes      []box
}

// box is one rectangle of a drawing, with what it shows.
type box struct {
	X, W         float64
	Class, Title string
	LSN          uint64 // of the group that it links to; 0 for none
}

const mapWidth = 1000

// byteMapOf draws each group of the timeline as a box of its own, over the spans of
// the segment.
func byteMapOf(t *inspect.Timeline, s *inspect.Segment) byteMap {
	m := byteMap{Name: s.Name.String(), Text: wording.List(wording.Size(s.Size), wording.Size(s.Used)+" used", s.Range())}
	scale := mapWidth / float64(max(s.Size, 1))
	add := func(offset, length int64, b box) {
		b.X, b.W = float64(offset)*scale, float64(length)*scale
		m.Boxes = append(m.Boxes, b)
	}
	for _, p := range s.Spans {
		add(p.Offset, p.Length, box{Class: classes[p.Kind],
			Title: fmt.Sprintf("%s: %s at %s", inspect.SpanNames[p.Kind], wording.Size(p.Length), wording.Offset(p.Offset))})
	}
	for i := range t.Groups {
		if g := &t.Groups[i]; g.Segment == s.Name {
			add(g.Offset, g.Size, box{Class: groupClass(g), LSN: uint64(g.LSN),
				Title: fmt.Sprintf("group %d, %s at %s", g.LSN, wording.Size(g.Size), wording.Offset(g.Offset))})
		}
	}
	return m
}
