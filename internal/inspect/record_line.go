package inspect

import (
	"fmt"
	"strings"

	"github.com/forewrite/forewrite/internal/inspect/wording"
)

// Line is a record in words: the columns in which text and page show it.
type Line struct {
	Subject string // "tx 3", or "mark"
	Action  string // an operation, or the record's kind
	Object  string // a path, or what a mark or commit covers
	Details string
}

// Line returns the record in words.
func (d *Record) Line() Line {
	switch d.Kind {
	case "intent":
		return Line{fmt.Sprintf("tx %d", d.Tx), d.Op, wording.Quote(d.Path), d.details()}
	case "commit":
		return Line{fmt.Sprintf("tx %d", d.Tx), d.Kind, wording.Count(d.Updates, "update"), wording.Time(d.Time)}
	}
	return Line{"mark", d.Kind, fmt.Sprintf("checkpoint LSN %d, tx %d", *d.CheckpointLSN, *d.LastTx),
		wording.List(wording.Time(d.Time), d.session())}
}

func (d *Record) session() string {
	s := d.Session
	if s == nil {
		return ""
	}
	return fmt.Sprintf("by pid %d on %s, version %s, boot %s", s.PID, wording.Quote(s.Host), wording.Quote(s.Version), wording.Quote(s.Boot))
}

// details describes what an intent puts and what it replaces.
func (d *Record) details() string {
	var parts []string
	if d.Payload != nil {
		parts = append(parts, d.Payload.String())
	}
	if d.Mode != "" {
		parts = append(parts, "mode "+d.Mode)
	}
	if d.Replaced != nil {
		parts = append(parts, "replaces "+d.Replaced.String())
	}
	if d.Uncommitted() {
		parts = append(parts, "never committed")
	}
	return strings.Join(parts, ", ")
}

// String describes a payload in a few words.
func (p *Payload) String() string {
	s := wording.Size(p.Size) + " " + p.Kind
	if p.Name != "" {
		s += " as " + wording.Quote(p.Name)
	}
	switch {
	case p.Hash != "":
		s += ", hash " + p.Hash
	case !p.MTime.IsZero():
		s += ", from " + wording.Time(p.MTime)
	}
	return s
}

// String describes what was replaced in a few words.
func (r *Replaced) String() string {
	switch r.Kind {
	case "file":
		return wording.Size(r.Size) + " of " + wording.Time(r.MTime)
	case "version":
		return wording.Size(r.Size) + " with hash " + r.Hash
	}
	return r.Kind
}

// IsMark reports whether the record is an open, checkpoint or close record.
func (d *Record) IsMark() bool { return d.CheckpointLSN != nil }

// Label names a mark in a few words.
func (d *Record) Label() string {
	switch {
	case d.Session != nil:
		return fmt.Sprintf("open by pid %d on %s", d.Session.PID, wording.Quote(d.Session.Host))
	case d.Kind == "checkpoint":
		return fmt.Sprintf("checkpoint up to group %d", *d.CheckpointLSN)
	}
	return d.Kind
}
