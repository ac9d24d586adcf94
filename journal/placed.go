package journal

import (
	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/journal/record"
)

// placed remembers what this session has put in place, so that the record of a put
// can say what it replaces without a look at the file's times; see fsx.Info for what
// that look costs. If somebody has changed the file since, the record is wrong, and
// recovery keeps in lost+found what it would otherwise have known.
type placed map[string]record.Replaced

// maxPlaced bounds the memory for it, to about 2 MiB.
const maxPlaced = 16 << 10

// add notes what is at the change's path now.
func (p *placed) add(c *apply.Change) {
	switch {
	case c.Op == record.OpChmod:
		return
	case c.Op != record.OpPut || c.Payload.Kind != record.PayloadInline:
		delete(*p, c.Path)
		return
	case *p == nil:
		*p = make(placed)
	}
	if _, known := (*p)[c.Path]; !known && len(*p) >= maxPlaced {
		for some := range *p { // whichever comes first; it will be looked at again
			delete(*p, some)
			break
		}
	}
	(*p)[c.Path] = record.Replaced{Kind: record.ReplacedVersion, Size: c.Payload.Size, Hash: c.Payload.Hash}
}

// replaced describes the regular file at p, of this size, for the record of what
// replaces it.
func (j *Journal) replaced(p string, size int64) record.Replaced {
	j.pending.mu.Lock()
	r, ok := j.pending.placed[p]
	j.pending.mu.Unlock()
	if ok && r.Size == size {
		return r
	}
	fi, err := j.root.Lstat(p)
	if err != nil || !fi.Mode().IsRegular() {
		return record.Replaced{} // somebody has just taken it away
	}
	return record.Replaced{Kind: record.ReplacedFile, Size: fi.Size(), MTime: fi.ModTime().UnixNano()}
}
