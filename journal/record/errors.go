package record

import "errors"

// Errors of decoding. Each is wrapped with what was found; test with [errors.Is].
var (
	// ErrMagic is returned when the bytes are not a group.
	ErrMagic = errors.New("record: not a group")
	// ErrVersion is returned for a group that a newer version of forewrite has written.
	ErrVersion = errors.New("record: format version not supported")
	// ErrLength is returned for a length that does not fit the bytes that are there.
	ErrLength = errors.New("record: length out of range")
	// ErrHash is returned when the content does not match its hash.
	ErrHash = errors.New("record: hash mismatch")
	// ErrFormat is returned for a record that breaks the format.
	ErrFormat = errors.New("record: malformed record")
)
