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

// logReader collects the transactions of a log.
type logReader struct {
	groups []group
	last   time.Time // of the latest commit or mark
}

// group is a group that holds transactions.
type group struct {
	lsn record.LSN
	txs []record.Tx
}

// visit adds a group. It copies the payloads, because the scan reuses its buffer.
func (r *logReader) visit(g segment.Group) error {
	for _, mark := range g.Content.Marks {
		r.last = latest(r.last, mark.Mark.Time)
	}
	if len(g.Content.Txs) == 0 {
		return nil
	}
	for _, tx := range g.Content.Txs {
		if tx.Committed() {
			r.last = latest(r.last, tx.Commit.Time)
		}
		for i := range tx.Intents {
			p := &tx.Intents[i].Payload
			p.Data = bytes.Clone(p.Data)
		}
	}
	r.groups = append(r.groups, group{g.Header.LSN, g.Content.Txs})
	return nil
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// lastSign returns when the journal was last seen alive: the latest time in the log,
// or change of a segment's file. The time of LOCK is not used, as this process has
// just locked it.
func (a *analysis) lastSign() time.Time {
	last := a.txs.last
	for _, name := range a.segments {
		fi, err := os.Lstat(segment.Path(a.dir.Log(), name))
		if err != nil {
			continue // a segment without a file was never used
		}
		if t, ok := fsx.Ctime(fi); ok {
			last = latest(last, t)
		}
	}
	return last
}

// history is what the log knows about the content of one path.
type history struct {
	contents []record.Payload  // of puts, inline and staged
	versions []record.Replaced // put by the journal and replaced later; only their hash is known
	links    []string          // targets of symbolic links
	stamps   []stamp           // of files that were replaced, or linked here
}

// stamp identifies a version of a file by size and modification time.
type stamp struct {
	size  int64
	mtime int64 // Unix ns
}

func stampOf(fi fs.FileInfo) stamp { return stamp{fi.Size(), fi.ModTime().UnixNano()} }

// histories returns what the committed transactions say about each path, and the
// payloads that are links to older files, by their names in staging.
func histories(groups []group) (paths map[string]*history, linked map[string]record.Payload) {
	paths = make(map[string]*history)
	linked = make(map[string]record.Payload)
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
