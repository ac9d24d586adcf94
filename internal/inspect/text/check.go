package text

import (
	"github.com/forewrite/forewrite/internal/inspect"
	"github.com/forewrite/forewrite/internal/inspect/wording"
)

// Check writes what was checked and found.
func Check(p *Printer, c *inspect.Check) {
	var t table
	t.row(plain("log"), plain(wording.List(wording.Count(c.Groups, "group"), wording.Count(c.Records, "record"),
		wording.Count(c.Transactions, "transaction"), wording.Size(c.Bytes))))
	t.row(plain("tail"), plain(c.Tail.Summary))
	if c.Staged > 0 {
		t.row(plain("staging"), plain(wording.Count(c.Staged, "payload")+" read"))
	}
	if c.CheckedTargets {
		t.row(plain("targets"), plain(wording.Count(c.Targets, "path")+" compared"))
	}
	t.row(plain("result"), styled(healthStyles[c.Health], result(c.Health)))
	t.print(p)
	if len(c.Findings) == 0 {
		return
	}
	p.Line("")
	t = table{}
	for i := range c.Findings {
		f := &c.Findings[i]
		e, _ := inspect.Explain(f.Code)
		t.row(styled(healthStyles[f.Severity], string(f.Code)), plain(e.Title), plain(f.Where()), plain(f.Text))
	}
	t.print(p)
	p.Line("")
	p.Styled(Dim, "Run 'journal-inspect explain %s' for what this means and what to do.", c.Worst())
}

func result(h inspect.Health) string {
	if h == inspect.Healthy {
		return "healthy, as far as could be checked"
	}
	return h.String()
}

// Explanation writes what a code means.
func Explanation(p *Printer, e *inspect.Explanation) {
	p.Text(healthStyles[e.Health], string(e.Code))
	p.Line("  %s (%s)", e.Title, e.Health)
	t := table{indent: "  "}
	for _, part := range []struct{ label, text string }{
		{"meaning", e.Means}, {"causes", e.Causes}, {"what to do", e.Do}} {
		t.row(plain(""))
		for i, line := range wording.Wrap(part.text, 60) {
			if i > 0 {
				part.label = ""
			}
			t.row(plain(part.label), plain(line))
		}
	}
	t.print(p)
}

// Explanations lists codes.
func Explanations(p *Printer, all []inspect.Explanation) {
	var t table
	for _, e := range all {
		t.row(styled(healthStyles[e.Health], string(e.Code)), plain(e.Health.String()), plain(e.Title))
	}
	t.print(p)
}
