package inspect

import (
	"context"
	"fmt"

	"github.com/forewrite/forewrite/internal/inspect/wording"
	"github.com/forewrite/forewrite/internal/layout"
	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
)

// Version is what one transaction left at a path. A chmod leaves the content of
// the version before with another mode.
type Version struct {
	record.Intent
	LSN record.LSN
}

// History holds the versions of paths that the log knows, oldest first.
type History struct {
	all      bool
	versions map[string][]Version
}

// ReadHistory reads the versions of these paths from the log, or of all when none
// are given. It needs memory for each version, but not for its content.
func (j *Journal) ReadHistory(ctx context.Context, paths ...string) (*History, *Log, error) {
	h := newHistory(paths...)
	log, err := j.Scan(ctx, func(g *segment.Group) error {
		h.add(g)
		return nil
	})
	return h, log, err
}

func newHistory(paths ...string) *History {
	h := &History{all: len(paths) == 0, versions: make(map[string][]Version)}
	for _, p := range paths {
		h.versions[p] = nil
	}
	return h
}

// add adds the committed transactions of a group.
func (h *History) add(g *segment.Group) {
	for t := range g.Content.Txs {
		if tx := &g.Content.Txs[t]; tx.Committed() {
			for _, i := range tx.Intents {
				h.addIntent(Version{i, g.Header.LSN})
			}
		}
	}
}

func (h *History) addIntent(v Version) {
	v.Payload.Data = nil // it aliases the log's buffer
	if versions, asked := h.versions[v.Path]; asked || h.all {
		if n := len(versions); v.Op == record.OpChmod && n > 0 {
			v.Op, v.Payload = versions[n-1].Op, versions[n-1].Payload
		}
		h.versions[v.Path] = append(versions, v)
	}
	if v.Op != record.OpRemoveAll || h.all {
		return // the only use of all paths is the last change of each, and that is the tree's
	}
	for p := range h.versions {
		if layout.Below(p, v.Path) {
			h.versions[p] = append(h.versions[p], v)
		}
	}
}

// State is what a file is, compared to what a transaction left.
type State string

// The states of a target.
const (
	AsWritten  State = "as written"
	Later      State = "a later version"
	Earlier    State = "an earlier version"
	Missing    State = "missing"
	Other      State = "something else"
	Unreadable State = "unreadable"
)

// Verdict is a State and how it is known.
type Verdict struct {
	State  State       `json:"state"`
	By     record.TxID `json:"by,omitempty"` // the transaction that left what was found, when it is in the log
	Detail string      `json:"detail,omitempty"`
}

// Match determines which version was found at a path, compared to the version want.
func (h *History) Match(ctx context.Context, f *Found, want *Version) Verdict {
	versions := h.versions[f.path]
	own := 0
	for i := range versions {
		if versions[i].Tx == want.Tx {
			own = i
		}
	}
	if want.Op == record.OpChmod && own < len(versions) {
		want = &versions[own] // with the content that it has there
	}
	same, err := f.Is(ctx, want)
	if same {
		return Verdict{State: AsWritten, By: want.Tx, Detail: otherMode(f, want)}
	}
	for i := len(versions) - 1; i >= 0 && err == nil; i-- {
		v := &versions[i]
		if v.Op == record.OpChmod { // nothing is known of the content
			continue
		}
		if same, err = f.Is(ctx, v); !same {
			continue
		}
		if i > own {
			return Verdict{State: Later, By: v.Tx, Detail: v.by()}
		}
		return Verdict{State: Earlier, By: v.Tx, Detail: v.by()}
	}
	if err != nil {
		return Verdict{State: Unreadable, Detail: err.Error()}
	}
	return replacedVersion(ctx, f, versions)
}

func (v *Version) by() string {
	if v.Op == record.OpRemove || v.Op == record.OpRemoveAll {
		return fmt.Sprintf("removed by tx %d", v.Tx)
	}
	return fmt.Sprintf("left by tx %d", v.Tx)
}

func otherMode(f *Found, v *Version) string {
	if v.Op != record.OpPut && v.Op != record.OpMkdir || f.Mode == wording.Mode(v.Mode) {
		return ""
	}
	return fmt.Sprintf("but with mode %s, not %s", f.Mode, wording.Mode(v.Mode))
}

// replacedVersion compares with what intents recorded of the versions that they replaced.
func replacedVersion(ctx context.Context, f *Found, versions []Version) Verdict {
	for i := range versions {
		was, err := f.WasReplaced(ctx, versions[i].Replaced)
		if err != nil {
			return Verdict{State: Unreadable, Detail: err.Error()}
		}
		if was {
			return Verdict{State: Earlier, Detail: fmt.Sprintf("as tx %d found it", versions[i].Tx)}
		}
	}
	if f.Kind == kindNothing {
		return Verdict{State: Missing}
	}
	return Verdict{State: Other, Detail: f.String()}
}

// last returns the group of the last version at a path; 0 when there is none.
func (h *History) last(path string) record.LSN {
	versions := h.versions[path]
	if len(versions) == 0 {
		return 0
	}
	return versions[len(versions)-1].LSN
}
