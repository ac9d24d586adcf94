package segment

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/forewrite/forewrite/internal/fsx"
)

// Options for [Scan]. The zero value only reads.
type Options struct {
	// Sync fsyncs each file and drops its pages from the cache before it is read.
	// After a failed fsync the cache can show what the disk does not have.
	Sync bool
}

// Scan reads the log in logDir, one segment at a time, and calls visit for each
// valid group in order; visit may be nil. Bad bytes are not an error: Log.End
// describes them. Errors are those of reading, of the context and of visit.
//
// It needs memory for the largest segment, at most [MaxSize]. It takes no lock: while
// the owner writes, the end of the log can look torn.
func Scan(ctx context.Context, logDir string, opts Options, visit func(Group) error) (*Log, error) {
	listing, err := List(logDir)
	if err != nil {
		return nil, err
	}
	log := &Log{Listing: listing, Files: make([]Summary, 0, len(listing.Segments))}
	visitInTime := func(g Group) error {
		if err := ctx.Err(); err != nil || visit == nil {
			return err
		}
		return visit(g)
	}
	r := reader{dir: logDir, sync: opts.Sync}
	var c chain
	for _, name := range listing.Segments {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var s Summary
		data, err := r.read(name)
		switch {
		case errors.Is(err, ErrTooLarge), errors.Is(err, ErrStray):
			s, c = summariseUnread(c, name, r.size, err)
		case err != nil:
			return nil, err
		default:
			if s, c, err = summarise(c, name, data, visitInTime); err != nil {
				return nil, err
			}
		}
		log.Files = append(log.Files, s)
	}
	log.Groups, log.First, log.Last, log.Prev = c.groups, c.first, c.last, c.prev
	log.CheckpointLSN, log.LastTx, log.Closed = c.checkpoint, c.lastTx, c.closed
	log.End = classify(log.Files, c.checkpoint, listing.Strays)
	return log, nil
}

// reader reads the files of segments, one after the other into the same buffer.
type reader struct {
	dir  string
	sync bool
	size int64 // of the file of the last read, also where it was too large
	buf  []byte
}

// read returns the content of a segment's file, valid until the next call. A segment
// without a file was never used, and is empty.
func (r *reader) read(name Name) ([]byte, error) {
	r.size = 0
	file, err := Open(r.dir, name, r.sync)
	if errors.Is(err, ErrNoFile) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if r.sync {
		// After a power loss the disk must have what recovery decides by: without
		// this fsync, groups that only the cache has would be redone, and be gone
		// after the next power loss.
		if err := file.Sync(); err != nil {
			return nil, err
		}
		fsx.DropCache(file)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if r.size = info.Size(); r.size > MaxSize {
		return nil, fmt.Errorf("%w: %d bytes, the limit is %d", ErrTooLarge, r.size, int64(MaxSize))
	}
	if int64(cap(r.buf)) < r.size {
		r.buf = make([]byte, r.size)
	}
	n, err := io.ReadFull(file, r.buf[:r.size])
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil // truncated while it was read
	}
	return r.buf[:n], err
}
