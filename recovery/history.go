package recovery

import (
	"bytes"
	"io/fs"
	"os"
	"time"

	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
)

// grace is how much later than the journal's last sign of life a file must have
// changed to count as edited afterwards: clocks of file systems are coarse, and
// applying takes its time.
const grace = 2 * time.Second

// group is what is kept of a group of the log.
type group struct {
	lsn record.LSN
	txs []record.Tx
}

// history is what the log knows about the content of one path.
type history struct {
	contents []record.Payload  // of puts, inline and staged
	versions []record.Replaced // put by the journal and replaced since, known by hash
	links    []string          // targets of symbolic links
	stamps   []stamp           // of files that were replaced, or linked here
}

type stamp struct {
	size  int64
	mtime int64 // Unix ns
}

func stampOf(fi fs.FileInfo) stamp { return stamp{fi.Size(), fi.ModTime().UnixNano()} }

// reader collects the log's transactions.
type reader struct {
	groups []group
	last   time.Time // of the latest commit or mark
}

// visit keeps the transactions of a group beyond the scan, which reuses its buffer.
func (r *reader) visit(g segment.Group) error {
	for _, mark := range g.Content.Marks {
		r.alive(mark.Mark.Time)
	}
	if len(g.Content.Txs) == 0 {
		return nil
	}
	for _, tx := range g.Content.Txs {
		if tx.Committed() {
			r.alive(tx.Commit.Time)
		}
		for i := range tx.Intents {
			p := &tx.Intents[i].Payload
			p.Data = bytes.Clone(p.Data)
		}
	}
	r.groups = append(r.groups, group{g.Header.LSN, g.Content.Txs})
	return nil
}

func (r *reader) alive(t time.Time) {
	if t.After(r.last) {
		r.last = t
	}
}

// histories returns what the committed transactions say about each path, and the
// payloads that are links to files from before, under their staging names.
func histories(groups []group) (map[string]*history, map[string]record.Payload) {
	paths := make(map[string]*history)
	linked := make(map[string]record.Payload)
	for _, g := range groups {
		for _, tx := range g.txs {
			if !tx.Committed() {
				continue
			}
			for _, i := range tx.Intents {
				h := paths[i.Path]
				if h == nil {
					h = new(history)
					paths[i.Path] = h
				}
				h.add(i)
				if i.Payload.Kind == record.PayloadLinked {
					linked[i.Payload.Name] = i.Payload
				}
			}
		}
	}
	return paths, linked
}

func (h *history) add(i record.Intent) {
	switch i.Replaced.Kind {
	case record.ReplacedFile:
		h.stamps = append(h.stamps, stamp{i.Replaced.Size, i.Replaced.MTime})
	case record.ReplacedVersion:
		h.versions = append(h.versions, i.Replaced)
	}
	switch {
	case i.Op == record.OpSymlink:
		h.links = append(h.links, string(i.Payload.Data))
	case i.Payload.Kind == record.PayloadLinked:
		h.stamps = append(h.stamps, stamp{i.Payload.Size, i.Payload.MTime})
	case i.Op == record.OpPut:
		h.contents = append(h.contents, i.Payload)
	}
}

// lastSign returns when the journal was last seen alive. The time of LOCK is no
// such sign: whoever recovers has just taken it.
func lastSign(r *reader, p *place, log *segment.Log) time.Time {
	for _, name := range log.Segments {
		fi, err := os.Lstat(segment.Path(p.log, name))
		if err != nil {
			continue // no file: it was never used
		}
		if t, ok := fsx.Ctime(fi); ok {
			r.alive(t)
		}
	}
	return r.last
}
