package inspect

import (
	"context"
	"errors"
	"io"
	"io/fs"

	"github.com/forewrite/forewrite/journal/record"
)

// checkStaged reads the staged payloads that a redo would need.
func (c *Check) checkStaged(ctx context.Context, log *Log) error {
	if len(c.staged) == 0 {
		return nil
	}
	read := func(*record.Payload) error { return errGone } // when there is no staging directory
	staging, err := c.journal.OpenStaging()
	switch {
	case err == nil:
		defer staging.Close()
		read = func(p *record.Payload) error { return staging.Copy(ctx, io.Discard, p) }
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	for i := range c.staged {
		v := &c.staged[i]
		err := read(&v.Payload)
		if err := ctx.Err(); err != nil {
			return err
		}
		c.Staged++
		switch {
		case err == nil:
		case errors.Is(err, errGone) && log.Owner.Present:
			// The owner may have checkpointed the transaction by now.
		case errors.Is(err, errGone):
			c.add(stagedMissing, Finding{LSN: v.LSN, Tx: v.Tx, Path: v.Path, Text: err.Error()})
		default:
			c.add(stagedDamaged, Finding{LSN: v.LSN, Tx: v.Tx, Path: v.Path, Text: err.Error()})
		}
	}
	return nil
}
