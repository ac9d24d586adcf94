package inspect

import (
	"fmt"
	"strings"

	"github.com/forewrite/forewrite/internal/inspect/wording"
)

// Fact is one thing that a status says, in words.
type Fact struct {
	Label string
	Lines []string
}

func fact(label string, lines ...string) Fact { return Fact{label, lines} }

// The labels of the facts that a rendering can highlight.
const (
	FactTail  = "tail"
	FactStray = "unexpected"
	FactNext  = "next open"
)

// Facts returns the status in words, as text and page show it.
func (s *Status) Facts() []Fact {
	format := s.FormatError
	if format == "" {
		format = fmt.Sprintf("%d, id %s", s.Format, s.ID)
	}
	facts := []Fact{
		fact("format", format),
		fact("owner", s.Owner.String()),
		fact("log", wording.List(wording.Count(len(s.Segments), "segment"), wording.Count(s.Groups, "group"), wording.LSNs(s.First, s.Last))),
		fact("transactions", s.transactions()),
		fact(FactTail, s.Tail.Summary),
	}
	if s.Tail.Reason != "" && !s.Tail.InFlight {
		facts = append(facts, fact("reason", s.Tail.Reason))
	}
	facts = append(facts, fact("staging", s.Staging.String()), fact("lost+found", folders(s.Lost)))
	for _, name := range s.Leftovers {
		facts = append(facts, fact("left over", wording.Quote(name)))
	}
	for _, name := range s.Strays {
		facts = append(facts, fact(FactStray, wording.Quote(name)))
	}
	return append(facts, fact(FactNext, s.next()...))
}

// next says what the next open will do, one part a line.
func (s *Status) next() (lines []string) {
	if s.Owner.Present {
		lines = append(lines, "if the owner ended now:")
	}
	if r := s.Plan.Report; r != nil && !r.Clean && s.Plan.Refused == nil {
		return append(lines, strings.Split(s.Next, ", ")...)
	}
	return append(lines, s.Next)
}

// Headline returns the health, or what the owner is doing.
func (s *Status) Headline() string {
	switch {
	case s.Tail.InFlight:
		return "in use, a group is in flight"
	case s.Owner.Present && s.Health == Healthy:
		return "in use, healthy"
	}
	return s.Health.String()
}

func (s *Status) transactions() string {
	text := wording.List(wording.CountIn(s.Checkpointed, "checkpointed"),
		wording.CountIn(s.Committed, "committed and not checkpointed"), wording.CountIn(s.Uncommitted, "never committed"))
	if text == "" {
		return "none in the log"
	}
	return text
}

// String describes how much the directory holds.
func (f Folder) String() string {
	if f.Files == 0 {
		return "empty"
	}
	return wording.Count(f.Files, "file") + ", " + wording.Size(f.Bytes)
}

// folders names what is in lost+found; the names are in the order of time.
func folders(names []string) string {
	switch n := len(names); n {
	case 0:
		return "empty"
	case 1:
		return wording.Quote(names[0])
	default:
		return fmt.Sprintf("%s, the newest %s", wording.Count(n, "folder"), wording.Quote(names[n-1]))
	}
}
