package segment

import (
	"fmt"
	"strconv"
	"strings"
)

const (
	// FileName is the name of the one file in a segment's directory. The append engine
	// gives it to the first file that it makes.
	FileName = "00000000000000000001"
	// MaxSize is the size in bytes up to which a segment's file is read. A larger one
	// must never be written.
	MaxSize = 1 << 30

	draftPrefix = "new-"
	deadPrefix  = "dead-"
)

// Name identifies a segment.
type Name struct {
	Number uint64 // from 1
	Salt   uint64 // seeds the hashes of the segment's groups
}

// String returns the name of the segment's directory, and "" for the zero Name.
func (n Name) String() string {
	if n == (Name{}) {
		return ""
	}
	return fmt.Sprintf("%08d-%016x", n.Number, n.Salt)
}

// MarshalText returns the name as String does.
func (n Name) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// UnmarshalText reads what MarshalText returns.
func (n *Name) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*n = Name{}
		return nil
	}
	name, ok := ParseName(string(text))
	if !ok {
		return fmt.Errorf("segment: %q is not a segment name, like 00000007-5f0c9a3be1d27784", text)
	}
	*n = name
	return nil
}

// ParseName reads what [Name.String] returns, and accepts nothing else.
func ParseName(s string) (Name, bool) {
	number, salt, _ := strings.Cut(s, "-")
	var n Name
	var err error
	if n.Number, err = strconv.ParseUint(number, 10, 64); err != nil {
		return Name{}, false
	}
	if n.Salt, err = strconv.ParseUint(salt, 16, 64); err != nil {
		return Name{}, false
	}
	return n, n.Number > 0 && n.String() == s
}
