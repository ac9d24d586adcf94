package recovery

import (
	"context"
	"errors"
	"iter"
	"path/filepath"

	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
)

var errStop = errors.New("stop")

// Records yields every record of the log in the journal directory dir, in order.
// It takes no lock and changes nothing. A torn tail is passed over in silence;
// after the records before it, damage is a *CorruptError and a newer format a
// *FormatError. While the journal is in use, what is being written may look torn.
//
// Inline payloads are valid only until the next record.
func Records(ctx context.Context, dir string) iter.Seq2[record.Located, error] {
	return func(yield func(record.Located, error) bool) {
		logDir := filepath.Join(dir, logName)
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

// endError returns the error that a log ends with, if it does.
func endError(logDir string, end segment.End) error {
	switch end.State {
	case segment.Corrupt:
		return corrupt(end)
	case segment.Newer:
		return &FormatError{Path: filepath.Join(logDir, end.Segment.String()), Err: end.Err}
	}
	return nil
}
