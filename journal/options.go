package journal

import (
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"github.com/forewrite/forewrite/recovery"
)

// Options change how a journal is opened. The zero value, or a nil *Options, is
// the safe default; a zero field means its default.
type Options struct {
	// Dir is the journal directory, a slash-separated path beneath the root.
	// Default ".journal".
	Dir string

	// ReadOnly opens the journal for View only, beside an owner or without
	// one. Nothing is written and the owner is not disturbed.
	ReadOnly bool

	// LockTimeout is how long Open waits for another owner to let go. Default
	// 30 s; negative means until the context ends.
	LockTimeout time.Duration

	// InlineLimit is the largest file, in bytes, that is written into the log.
	// A larger one is written once, to staging, and the log names it. Default
	// 256 KiB.
	InlineLimit int64

	// SegmentSize is the size in bytes to which the files of the log grow.
	// Default 2 MiB. The log takes about two of them, and more only for
	// transactions that are larger, and while a checkpoint can't keep up.
	SegmentSize int64

	// CheckpointIdle is how long after the last commit the files are fsynced,
	// so that an open after a crash has nothing to redo. Default 1 s; negative
	// means only when the log or staging fills up, and on Close.
	CheckpointIdle time.Duration

	// Recovery says what Open does with a damaged log. Default: refuse it.
	Recovery recovery.Policy

	// Logger gets what recovery did and what failed in the background. Default:
	// nothing is logged.
	Logger *slog.Logger
}

const (
	defaultDir            = ".journal"
	defaultInlineLimit    = 256 << 10
	defaultSegmentSize    = 2 << 20
	defaultCheckpointIdle = time.Second
	firstSegmentSize      = 256 << 10
	maxInlineTx           = 16 << 20 // inline payloads of one transaction
	maxGroup              = 1 << 20  // a group takes no further transaction beyond this
)

func (o *Options) withDefaults() (Options, error) {
	var opts Options
	if o != nil {
		opts = *o
	}
	if opts.Dir == "" {
		opts.Dir = defaultDir
	}
	if opts.Dir == "." || !fs.ValidPath(opts.Dir) {
		return opts, fmt.Errorf("journal: options: Dir %q is not a path beneath the root: %w", opts.Dir, fs.ErrInvalid)
	}
	if opts.InlineLimit == 0 {
		opts.InlineLimit = defaultInlineLimit
	}
	if opts.InlineLimit < 0 || opts.InlineLimit > maxInlineTx {
		return opts, fmt.Errorf("journal: options: InlineLimit %d is not between 0 and %d: %w", opts.InlineLimit, maxInlineTx, fs.ErrInvalid)
	}
	if opts.SegmentSize == 0 {
		opts.SegmentSize = defaultSegmentSize
	}
	if opts.SegmentSize < 4<<10 || opts.SegmentSize > 1<<30 {
		return opts, fmt.Errorf("journal: options: SegmentSize %d is not between 4 KiB and 1 GiB: %w", opts.SegmentSize, fs.ErrInvalid)
	}
	if opts.CheckpointIdle == 0 {
		opts.CheckpointIdle = defaultCheckpointIdle
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	return opts, nil
}
