package inspect

import (
	"context"
	"fmt"
	"io"

	"github.com/forewrite/forewrite/journal/record"
)

// Cat writes the payload that a transaction puts at a path to w. What it wrote is
// not to be trusted when it returns ErrPayload.
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
		return fmt.Errorf("tx %d does not change %s", id, quote(path))
	case put.version.Payload.Kind == record.PayloadNone:
		return fmt.Errorf("tx %d has no content for %s: it is a %s", id, quote(path), put.Op)
	}
	return j.CopyPayload(w, &put.version, put.inline)
}
