package inspect

import (
	"bytes"
	"context"
	"fmt"
	"unicode/utf8"

	"github.com/forewrite/forewrite/internal/inspect/wording"
	"github.com/forewrite/forewrite/journal/record"
	"github.com/rogpeppe/go-internal/diff"
)

// diffLimit is the largest content, in bytes, that is compared line by line.
const diffLimit = 1 << 20

// diff returns how the file at the update's path differs from what the update put
// there, as a unified diff; or why there is none.
func (u *Update) diff(ctx context.Context, j *Journal, tree *Tree) string {
	if u.version.Op != record.OpPut || u.Now == nil || u.Now.Kind != kindFile || u.Target.State == AsWritten {
		return ""
	}
	written, err := j.Content(ctx, &u.version, u.inline, diffLimit)
	if err != nil {
		return fmt.Sprintf("no diff: %v\n", err)
	}
	now, err := tree.content(u.Path, diffLimit)
	if err != nil {
		return fmt.Sprintf("no diff: %v\n", err)
	}
	if !isText(written) || !isText(now) {
		return "no diff: not text\n"
	}
	name := wording.Quote(u.Path)
	text := diff.Diff(fmt.Sprintf("%s as tx %d wrote it", name, u.Tx), written, name+" now", now)
	_, text, _ = bytes.Cut(text, []byte("\n")) // the first line only repeats the names
	return string(text)
}

func isText(b []byte) bool { return utf8.Valid(b) && bytes.IndexByte(b, 0) < 0 }
