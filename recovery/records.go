package recovery

import (
	"context"
	"errors"
	"iter"

	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
)

var errStop = errors.New("stop")

// Records yields every record of the log of the tree root, in order; opts.Policy has no
// meaning here. It takes no lock and changes nothing. The last value may be an error: a *CorruptError
// for damage, or a *FormatError for a newer format. A torn tail is not an error. While
// the journal is in use, a group that is being written can look torn.
//
// Inline payloads are valid only until the next record.
func Records(ctx context.Context, root string, opts *Options) iter.Seq2[record.Located, error] {
	return func(yield func(record.Located, error) bool) {
		dir, err := openDir(root, opts)
		if err != nil {
			yield(record.Located{}, err)
			return
		}
		defer dir.Close()
		log, err := segment.Scan(ctx, dir.Log(), segment.Options{}, func(g segment.Group) error {
			for r, err := range record.Records(g.Payload) {
				if err != nil {
					return err
				}
				l := record.Located{Segment: g.Segment.String(), Offset: g.Offset, LSN: g.Header.LSN, Record: r}
				if !yield(l, nil) {
					return errStop
				}
			}
			return nil
		})
		if err == nil {
			err = endError(dir.Log(), log.End)
		}
		if err != nil && err != errStop {
			yield(record.Located{}, err)
		}
	}
}
