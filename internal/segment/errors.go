package segment

import "errors"

// Why bytes are no valid entry, besides the errors of package record. Found in
// End.Err, wrapped with the particulars.
var (
	// ErrEntry: the length before a group is not one that a writer makes.
	ErrEntry = errors.New("not a log entry")
	// ErrSequence: a group that is whole, but not the one that comes next.
	ErrSequence = errors.New("group out of sequence")
	// ErrChain: a group that does not carry the hash of the one before it.
	ErrChain = errors.New("group does not continue the log")
	// ErrMissing: a segment that must be there is not.
	ErrMissing = errors.New("segment missing")
	// ErrStray: something in the log directory that the journal did not make.
	ErrStray = errors.New("unexpected file in the log")
	// ErrTooLarge: a segment's file larger than MaxSize.
	ErrTooLarge = errors.New("segment too large")
	// ErrBudget: so many bytes posing as groups that the search was given up.
	ErrBudget = errors.New("too many false groups")
	// ErrLater: bytes in a later segment, which is written only after this one ended well.
	ErrLater = errors.New("data in a later segment")
)

// ErrNoFile: a segment's directory, or the file in it, is not there.
var ErrNoFile = errors.New("segment without a file")
