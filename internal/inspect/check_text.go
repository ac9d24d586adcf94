package inspect

import (
	"fmt"
	"time"
)

var healthStyles = map[Health]Style{Healthy: Green, Pending: Yellow, Foreign: Yellow, Corrupt: Red, Newer: Red}

// Text writes the check for people.
func (c *Check) Text(p *Printer) {
	t := Table{}
	t.Row(cell("log"), cell("%s", list(count(c.Groups, "group"), count(c.Records, "record"), count(c.Transactions, "transaction"), size(c.Bytes))))
	t.Row(cell("end"), cell("%s", c.Ending))
	if c.Staged > 0 {
		t.Row(cell("staging"), cell("%s read", count(c.Staged, "payload")))
	}
	if c.targets != nil {
		t.Row(cell("targets"), cell("%s compared", count(c.Targets, "path")))
	}
	t.Row(cell("result"), styled(healthStyles[c.Health], c.result()))
	t.Print(p)
	if len(c.Findings) == 0 {
		return
	}
	p.Line("")
	t = Table{}
	for i := range c.Findings {
		c.Findings[i].row(&t)
	}
	t.Print(p)
	p.Line("")
	p.Styled(Dim, "journal-inspect explain %s  says what this means and what to do", c.worst())
}

func (c *Check) result() string {
	if c.Health == Healthy {
		return "healthy, as far as could be checked"
	}
	return c.Health.String()
}

// worst returns the code of the first of the worst findings.
func (c *Check) worst() Code {
	for _, f := range c.Findings {
		if f.Severity == c.Health {
			return f.Code
		}
	}
	return c.Findings[0].Code
}

func (f *Finding) row(t *Table) {
	e, _ := Explain(f.Code)
	t.Row(styled(healthStyles[f.Severity], string(f.Code)), cell("%s", e.Title), cell("%s", f.where()), cell("%s", f.Text))
}

func (f *Finding) where() string {
	var segment, group, path, tx string
	if f.Segment != "" {
		segment = fmt.Sprintf("%s at %s", f.Segment, at(f.Offset))
	}
	if f.LSN != 0 && f.Tx == 0 {
		group = fmt.Sprintf("group %d", f.LSN)
	}
	if f.Tx != 0 {
		tx = fmt.Sprintf("tx %d", f.Tx)
	}
	if f.Path != "" {
		path = quote(f.Path)
	}
	return list(segment, group, tx, path)
}

// Speed is how fast the log was read, for the curious.
func (c *Check) Speed() string {
	if c.Elapsed < time.Millisecond {
		return c.Elapsed.String()
	}
	return fmt.Sprintf("%s, %s/s", c.Elapsed.Round(time.Millisecond), size(int64(float64(c.Bytes)/c.Elapsed.Seconds())))
}

// Text writes an explanation for people.
func (e *Explanation) Text(p *Printer) {
	p.Text(healthStyles[e.Health], string(e.Code))
	p.Line("  %s (%s)", e.Title, e.Health)
	p.Line("")
	t := Table{Indent: "  "}
	for _, part := range []struct{ label, text string }{
		{"what it means", e.Means}, {"how it comes about", e.Causes}, {"what to do", e.Do}} {
		for i, line := range wrap(part.text, 60) {
			if i > 0 {
				part.label = ""
			}
			t.Row(cell("%s", part.label), cell("%s", line))
		}
		t.Row(cell(""))
	}
	t.Print(p)
}

// ExplanationsText lists all codes.
func ExplanationsText(p *Printer) {
	t := Table{}
	for _, e := range Explanations {
		t.Row(styled(healthStyles[e.Health], string(e.Code)), cell("%s", e.Health), cell("%s", e.Title))
	}
	t.Print(p)
}
