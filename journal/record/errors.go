package record

import "errors"

// Errors of decoding. Each is wrapped with what was found; test with errors.Is.
var (
	// ErrMagic: the bytes are not a group.
	ErrMagic = errors.New("record: not a group")
	// ErrVersion: a group written by a newer forewrite than this one.
	ErrVersion = errors.New("record: format version not supported")
	// ErrLength: a length that does not fit what is there.
	ErrLength = errors.New("record: length out of range")
	// ErrHash: the content does not match its hash.
	ErrHash = errors.New("record: hash mismatch")
	// ErrFormat: a record that breaks the format.
	ErrFormat = errors.New("record: malformed record")
)
