package text

import (
	"github.com/forewrite/forewrite/internal/inspect"
	"github.com/forewrite/forewrite/internal/inspect/wording"
)

// Salvaged writes what became of each path.
func Salvaged(p *Printer, all []inspect.Salvaged) {
	var t table
	for _, r := range all {
		t.row(styled(salvageStyles[r.Result], r.Result), plain(r.Op), plainf("tx %d", r.Tx), plain(wording.Quote(r.Path)), plain(r.Detail))
	}
	t.print(p)
}
