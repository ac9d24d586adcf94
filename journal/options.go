package journal

import (
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"github.com/forewrite/forewrite/atomic"
	"github.com/forewrite/forewrite/internal/layout"
	"github.com/forewrite/forewrite/recovery"
)

// Options change how a journal is opened. The zero value, or a nil *Options, is the
// safe default; a zero field means its default.
type Options struct {
	// Dir is the journal directory, a slash-separated path below the root. Default
	// ".journal".
	Dir string

	// ReadOnly opens the journal for View and Snapshot only, beside an owner or
	// without one. Nothing is written and the owner is not disturbed.
	ReadOnly bool

	// LockTimeout is how long Open waits for another owner. Default 30 s; negative
	// means not at all. In a read-only journal it is how long View and Snapshot wait
	// while the owner applies a group, where negative means the default.
	LockTimeout time.Duration

	// OnLockWait is called once when Open begins to wait for another owner, with what
	// is known of it. Default: nothing is called.
	OnLockWait func(atomic.Holder)

	// InlineLimit is the largest file, in bytes, that is written into the log. A larger
	// one is written once, to staging, and the log names it. Default 256 KiB, at most
	// 16 MiB.
	InlineLimit int64

	// SegmentSize is the size in bytes to which the segments of the log grow, between
	// 4 KiB and 1 GiB. Default 2 MiB. The log takes about two of them, and more only
	// for transactions that are larger, and while a checkpoint can't keep up.
	SegmentSize int64

	// CheckpointIdle is how long after the last commit the files are fsynced, so that
	// an open after a crash has nothing to redo. Default 1 s; negative means only when
	// the log or staging fills up, and on Close.
	CheckpointIdle time.Duration

	// Recovery says what Open does with a damaged log. Default: refuse it.
	Recovery recovery.Policy

	// Logger receives what recovery did and what failed in the background. Default:
	// nothing is logged.
	Logger *slog.Logger
}

const (
	defaultInlineLimit    = 256 << 10
	defaultSegmentSize    = 2 << 20
	defaultCheckpointIdle = time.Second
	minSegmentSize        = 4 << 10
	maxSegmentSize        = 1 << 30
	maxInlineTx           = 16 << 20 // inline payloads of one transaction
	maxGroup              = 1 << 20  // a group gets no further transaction beyond this
)

func (o *Options) withDefaults() (Options, error) {
	var opts Options
	if o != nil {
		opts = *o
	}
	if opts.Dir == "" {
		opts.Dir = layout.DefaultDir
	}
	if opts.InlineLimit == 0 {
		opts.InlineLimit = defaultInlineLimit
	}
	if opts.SegmentSize == 0 {
		opts.SegmentSize = defaultSegmentSize
	}
	if opts.CheckpointIdle == 0 {
		opts.CheckpointIdle = defaultCheckpointIdle
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	return opts, opts.check()
}

func (o *Options) check() error {
	switch {
	case o.Dir == "." || !fs.ValidPath(o.Dir):
		return invalid("Dir %q is not a path below the root", o.Dir)
	case o.InlineLimit < 0 || o.InlineLimit > maxInlineTx:
		return invalid("InlineLimit %d is not between 0 and %d", o.InlineLimit, maxInlineTx)
	case o.SegmentSize < minSegmentSize || o.SegmentSize > maxSegmentSize:
		return invalid("SegmentSize %d is not between %d and %d", o.SegmentSize, minSegmentSize, maxSegmentSize)
	}
	if err := o.Recovery.Check(); err != nil {
		return fmt.Errorf("journal: options: Recovery: %w", err)
	}
	return nil
}

func invalid(format string, args ...any) error {
	return fmt.Errorf("journal: options: "+format+": %w", append(args, fs.ErrInvalid)...)
}
