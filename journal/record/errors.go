package record

import "errors"

// Errors of decoding. Each is wrapped with what was found; test with [errors.Is].
var (
	// ErrMagic is returned when the bytes are not a group.
	ErrMagic = errors.New("record: not a group")
	// ErrVersion is returned when a later version of the format is found.
	ErrVersion = errors.New("record: format version not supported")
	// ErrLength is returned when a length does not fit the bytes that are there.
	ErrLength = errors.New("record: length out of range")
	// ErrHash is returned when content does not match its hash.
	ErrHash = errors.New("record: hash mismatch")
	// ErrFormat is returned when a record breaks the format.
	ErrFormat = errors.New("record: malformed record")
)
