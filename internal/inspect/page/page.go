// Package page renders a timeline of the inspector's model as one HTML page.
package page

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/forewrite/forewrite/internal/inspect"
	"github.com/forewrite/forewrite/internal/inspect/wording"
	"github.com/forewrite/forewrite/recovery"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// Write writes the timeline as one page that needs nothing else: no script, no font,
// no network. html/template escapes whatever comes out of the journal.
func Write(w io.Writer, j *inspect.Journal, t *inspect.Timeline) error {
	segments, omitted := inspect.ShortList(t.Status.Segments)
	p := page{
		Title: wording.Clean(filepath.Base(j.Root)), Root: wording.Quote(j.Root),
		Status: t.Status, Class: classOf(t.Status.Health.String()), Next: wording.Clean(t.Status.Next),
		Facts: facts(j, t.Status), OmittedSegments: omitted, Systems: systems(t), OmittedGroups: t.Omitted,
	}
	for i := range segments {
		p.Segments = append(p.Segments, byteMapOf(t, &segments[i]))
	}
	for _, g := range slices.Backward(t.Groups) {
		p.Groups = append(p.Groups, groupOf(&g))
	}
	if r := t.Status.Plan.Report; r != nil {
		for i := range r.Actions {
			p.Actions = append(p.Actions, actionOf(&r.Actions[i]))
		}
	}
	return pageTemplate.Execute(w, &p)
}

// page is what the template shows.
type page struct {
	Title, Root     string
	Status          *inspect.Status
	Class           string // of the health
	Facts           []inspect.Fact
	Segments        []byteMap
	OmittedSegments int
	Systems         []system
	OmittedGroups   int
	Next            string
	Actions         []action
	Groups          []group
}

func facts(j *inspect.Journal, s *inspect.Status) []inspect.Fact {
	all := append([]inspect.Fact{{Label: "journal", Lines: []string{wording.Quote(j.Dir)}}}, s.Facts()...)
	for _, f := range all {
		for i := range f.Lines {
			f.Lines[i] = wording.Clean(f.Lines[i])
		}
	}
	return all
}

// classes are the CSS classes of what is drawn.
var classes = map[string]string{
	inspect.TxCheckpointed: "done", inspect.TxCommitted: "todo", inspect.TxUncommitted: "never",
	inspect.SpanGroups: "older", inspect.SpanZero: "zero", inspect.SpanUnknown: "bad", inspect.SpanStranded: "lost",
}

// classOf makes a CSS class of words.
func classOf(words string) string { return strings.ReplaceAll(words, " ", "-") }

// group is a group with its records, to be unfolded.
type group struct {
	LSN     uint64
	Where   string
	Summary string
	Class   string
	Rows    []row
}

// row is one record.
type row struct {
	inspect.Line
	Offset, Class string
}

func groupOf(g *inspect.TimelineGroup) group {
	d := group{LSN: uint64(g.LSN), Class: groupClass(g), Where: fmt.Sprintf("segment %s at %s, %s, hash %s",
		g.Segment, wording.Offset(g.Offset), wording.Size(g.Size), g.Hash)}
	var parts []string
	for i := range g.Records {
		r := &g.Records[i]
		if r.IsMark() {
			parts = append(parts, r.Label())
		}
		d.Rows = append(d.Rows, rowOf(r))
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

func rowOf(r *inspect.Record) row {
	d := row{Line: r.Line(), Offset: wording.Offset(r.Offset)}
	switch {
	case r.Uncommitted():
		d.Class = "never"
	case r.Kind != "intent":
		d.Class = "mark"
	}
	if r.Payload != nil && r.Payload.Content != nil {
		d.Details += ", content " + *r.Payload.Content
	}
	return d
}

// groupClass is the class of the worst state of the group's transactions.
func groupClass(g *inspect.TimelineGroup) string {
	class := "mark"
	for i := range g.Txs {
		if c := classes[g.Txs[i].State]; class == "mark" || c == "never" || c == "todo" && class == "done" {
			class = c
		}
	}
	return class
}

// action is what the next open does to one path.
type action struct{ Decision, Op, Tx, Path, Reason, Class string }

func actionOf(a *recovery.Action) action {
	decision := a.Decision.String()
	d := action{Decision: decision, Op: a.Op, Path: wording.Quote(a.Path), Reason: wording.Clean(a.Reason), Class: classOf(decision)}
	if a.Tx != 0 {
		d.Tx = fmt.Sprintf("tx %d", a.Tx)
	}
	return d
}
