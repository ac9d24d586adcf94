package text

import (
	"github.com/forewrite/forewrite/internal/inspect"
	"github.com/forewrite/forewrite/internal/inspect/wording"
)

// Status writes a journal on one screen.
func Status(p *Printer, j *inspect.Journal, s *inspect.Status) {
	p.Styled(healthStyles[s.Health], "%s", s.Headline())
	p.Line("")
	var t table
	t.row(plain("journal"), plain(wording.Quote(j.Dir)))
	t.row(plain("root"), plain(wording.Quote(j.Root)))
	styles := map[string]Style{
		inspect.FactTail:  tailStyle(&s.Tail),
		inspect.FactStray: Red,
		inspect.FactNext:  healthStyles[s.Health],
	}
	for _, f := range s.Facts() {
		for i, line := range f.Lines {
			label := f.Label
			if i > 0 {
				label = ""
			}
			t.row(plain(label), styled(styles[f.Label], line))
		}
	}
	t.print(p)
	segments(p, s.Segments)
}
