package recovery

import (
	"context"
	"errors"
	"iter"
	"path/filepath"

	"github.com/forewrite/forewrite/internal/layout"
	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
)

var errStop = errors.New("stop")

// Records yields every record of the log in the journal directory dir, in order. It
// takes no lock and changes nothing. The last value may be an error: a *CorruptError
// for damage, or a *FormatError for a newer format. A torn tail is not an error. While
// the journal is in use, a group that is being written can look torn.
//
// Inline payloads are valid only until the next record.
func Records(ctx context.Context, dir string) iter.Seq2[record.Located, error] {
	return func(yield func(record.Located, error) bool) {
		logDir := filepath.Join(dir, layout.LogDir)
		log, err := segment.Scan(ctx, logDir, segment.Options{}, func(g segment.Group) error {
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
			err = endError(logDir, log.End)
		}
		if err != nil && err != errStop {
			yield(record.Located{}, err)
		}
	}
}
