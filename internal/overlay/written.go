package overlay

import (
	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/journal/record"
)

// written remembers what this session has put into place, so that the record of a put
// can describe what it replaces without asking for the file's times; see [fsx.Info]
// for what that costs. If another program has changed the file since, the record is
// wrong, and recovery moves to lost+found what it would otherwise have recognised.
type written map[string]record.Replaced

// maxWritten bounds the memory for it to about 2 MiB.
const maxWritten = 16 << 10

// add notes what is at the change's path now.
func (w *written) add(c *apply.Change) {
	switch {
	case c.Op == record.OpChmod:
		return
	case c.Op != record.OpPut || c.Payload.Kind != record.PayloadInline:
		delete(*w, c.Path)
		return
	case *w == nil:
		*w = make(written)
	}
	if _, known := (*w)[c.Path]; !known && len(*w) >= maxWritten {
		for some := range *w { // whichever comes first; it will be looked at again
			delete(*w, some)
			break
		}
	}
	(*w)[c.Path] = record.Replaced{Kind: record.ReplacedVersion, Size: c.Payload.Size, Hash: c.Payload.Hash}
}
