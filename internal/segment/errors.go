package segment

import "errors"

// Reasons why bytes are not the next entry of the log, besides the errors of package
// record. They are wrapped in End.Err, with the particulars.
var (
	// ErrEntry is returned when the length before a group is not one that is ever written.
	ErrEntry = errors.New("not a log entry")
	// ErrSequence is returned when a valid group does not have the next LSN.
	ErrSequence = errors.New("group out of sequence")
	// ErrChain is returned when a valid group does not carry the hash of the group before it.
	ErrChain = errors.New("group does not continue the log")
	// ErrMissing is returned when a segment that the log needs is missing.
	ErrMissing = errors.New("segment missing")
	// ErrStray is returned when the log directory holds something that the journal did not make.
	ErrStray = errors.New("unexpected file in the log")
	// ErrTooLarge is returned when a segment's file is larger than [MaxSize].
	ErrTooLarge = errors.New("segment too large")
	// ErrBudget is returned when so many bytes look like groups, but are none, that the
	// search for a valid one was abandoned.
	ErrBudget = errors.New("too many false groups")
	// ErrLater is returned when a later segment holds data, which is written only after
	// the segments before it ended well.
	ErrLater = errors.New("data in a later segment")
)

// ErrNoFile is returned by [Open] when a segment's directory, or the file in it, is
// missing.
var ErrNoFile = errors.New("segment without a file")
