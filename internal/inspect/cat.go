package inspect

import (
	"context"
	"fmt"
	"io"

	"github.com/forewrite/forewrite/internal/inspect/wording"
	"github.com/forewrite/forewrite/journal/record"
)

// Cat writes the payload that a transaction puts at a path to w. When it returns
// [ErrPayload], what it wrote is incomplete or damaged.
func (j *Journal) Cat(ctx context.Context, w io.Writer, id record.TxID, path string) error {
	tx, _, err := j.readTx(ctx, id)
	if err != nil {
		return err
	}
	var put *Update
	for i := range tx.Updates {
		if tx.Updates[i].Path == path {
			put = &tx.Updates[i]
		}
	}
	switch {
	case put == nil:
		return fmt.Errorf("tx %d does not change %s", id, wording.Quote(path))
	case put.version.Payload.Kind == record.PayloadNone:
		return fmt.Errorf("tx %d has no content for %s: it is a %s", id, wording.Quote(path), put.Op)
	}
	return j.CopyPayload(ctx, w, &put.version, put.inline)
}
