package inspect

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/forewrite/forewrite/recovery"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// HTML writes the timeline as one page that needs nothing else: no script, no
// font, no network. html/template escapes whatever comes out of the journal.
func (t *Timeline) HTML(w io.Writer, j *Journal) error {
	p := page{
		Title: Clean(filepath.Base(j.Root)), Root: quote(j.Root), Dir: quote(j.Dir),
		Status: t.Status, Plan: t.Status.Plan, Next: Clean(t.Status.Next), Omitted: t.Omitted, HealthClass: classOf(t.Status.Health),
	}
	p.facts(t.Status)
	segments, omitted := shortList(t.Status.Segments)
	for i := range segments {
		p.Segments = append(p.Segments, t.byteMap(&segments[i]))
	}
	p.OmittedSegments = omitted
	p.Score = t.score()
	for _, g := range slices.Backward(t.Groups) {
		p.Groups = append(p.Groups, pageGroupOf(&g))
	}
	if p.Plan != nil {
		for i := range p.Plan.Actions {
			p.Actions = append(p.Actions, pageActionOf(&p.Plan.Actions[i]))
		}
	}
	return pageTemplate.Execute(w, &p)
}

// page is what the template shows.
type page struct {
	Title, Root, Dir string
	Status           *Status
	HealthClass      string
	Next             string
	Facts            []fact
	Segments         []byteMap
	Score            []system
	Groups           []pageGroup
	Omitted          int // groups
	OmittedSegments  int
	Plan             *recovery.Report
	Actions          []pageAction
}

type fact struct{ Label, Text string }

func (p *page) facts(s *Status) {
	p.Facts = []fact{
		{"journal", p.Dir},
		{"format", list(s.Format, prefixed("id ", s.ID))},
		{"owner", s.Owner.String()},
		{"log", list(count(len(s.Segments), "segment"), count(s.Groups, "group"), lsns(s.First, s.Last))},
		{"transactions", s.transactions()},
		{"end", s.Ending},
	}
	if s.Reason != "" && !s.InFlight {
		p.Facts = append(p.Facts, fact{"because", s.Reason})
	}
	p.Facts = append(p.Facts, fact{"staging", s.Staging.String()}, fact{"lost+found", folders(s.Lost)})
	for _, stray := range s.Strays {
		p.Facts = append(p.Facts, fact{"unexpected", quote(stray)})
	}
	next := s.Next
	if s.Owner.Present {
		next = "if the owner died now: " + next
	}
	p.Facts = append(p.Facts, fact{"next open", next})
	for i := range p.Facts {
		p.Facts[i].Text = Clean(p.Facts[i].Text)
	}
}

var classes = map[string]string{
	TxCheckpointed: "done", TxCommitted: "todo", TxDiscarded: "never",
	"zero": "zero", "unknown": "bad", "stranded": "lost",
}

func classOf(h Health) string { return strings.ReplaceAll(h.String(), " ", "-") }

// pageGroup is a group with its records, to be unfolded.
type pageGroup struct {
	Head    GroupHead
	Where   string
	Summary string
	Class   string
	Rows    []pageRow
}

type pageRow struct{ Offset, Who, What, Path, Details, Class string }

func pageGroupOf(g *TimelineGroup) pageGroup {
	d := pageGroup{Head: g.GroupHead, Class: g.class(),
		Where: fmt.Sprintf("segment %s at %s, %s, hash %s", g.Segment, at(g.Offset), size(g.Size), g.Hash)}
	var parts []string
	for i := range g.Entries {
		e := &g.Entries[i]
		cells := e.cells()
		row := pageRow{Offset: cells[0].Text, Who: cells[1].Text, What: cells[2].Text, Path: cells[3].Text, Details: cells[4].Text}
		switch {
		case e.Kind == "intent" && !*e.Committed:
			row.Class = "never"
		case e.Kind != "intent":
			row.Class = "mark"
		}
		if e.CheckpointLSN != nil {
			parts = append(parts, e.label())
		}
		if e.Payload != nil && e.Payload.Content != nil {
			row.Details += ", content " + *e.Payload.Content
		}
		d.Rows = append(d.Rows, row)
	}
	for i := range g.Txs {
		parts = append(parts, fmt.Sprintf("tx %d", g.Txs[i].ID))
	}
	const most = 8
	if n := len(parts) - most; n > 0 {
		parts = append(parts[:most], fmt.Sprintf("and %d more", n))
	}
	d.Summary = strings.Join(parts, ", ")
	return d
}

// class is the worst state of the group's transactions.
func (g *TimelineGroup) class() string {
	class := "mark"
	for i := range g.Txs {
		if c := classes[g.Txs[i].State]; class == "mark" || c == "never" || c == "todo" && class == "done" {
			class = c
		}
	}
	return class
}

type pageAction struct{ Decision, Op, Tx, Path, Reason, Class string }

func pageActionOf(a *recovery.Action) pageAction {
	d := pageAction{Decision: a.Decision.String(), Op: a.Op, Path: quote(a.Path), Reason: Clean(a.Reason),
		Class: strings.ReplaceAll(a.Decision.String(), " ", "-")}
	if a.Tx != 0 {
		d.Tx = fmt.Sprintf("tx %d", a.Tx)
	}
	return d
}
