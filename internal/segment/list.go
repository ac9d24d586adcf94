package segment

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Listing is what lies in a log directory. Strays and leftovers are names
// relative to it.
type Listing struct {
	Segments  []Name   // by number
	Leftovers []string // drafts and retired segments that a crash left behind
	Strays    []string // what the journal did not make
}

// List reads the log directory. It follows no symlinks, opens no file and does
// not look inside leftovers.
func List(logDir string) (Listing, error) {
	var l Listing
	entries, err := os.ReadDir(logDir)
	if err != nil {
		return l, err
	}
	for _, e := range entries {
		name, isSegment := ParseName(e.Name())
		switch {
		case e.IsDir() && isSegment:
			l.Segments = append(l.Segments, name)
		case e.IsDir() && isLeftover(e.Name()):
			l.Leftovers = append(l.Leftovers, e.Name())
		default:
			l.Strays = append(l.Strays, e.Name())
		}
	}
	slices.SortFunc(l.Segments, func(a, b Name) int {
		return cmp.Or(cmp.Compare(a.Number, b.Number), cmp.Compare(a.Salt, b.Salt))
	})
	for _, name := range l.Segments {
		strays, err := straysIn(logDir, name)
		if err != nil {
			return l, err
		}
		l.Strays = append(l.Strays, strays...)
	}
	return l, nil
}

// straysIn lists what a segment's directory holds besides its file.
func straysIn(logDir string, name Name) (strays []string, err error) {
	entries, err := os.ReadDir(filepath.Join(logDir, name.String()))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // retired by the owner while a reader looks on
	}
	for _, e := range entries {
		if e.Name() != FileName || !e.Type().IsRegular() {
			strays = append(strays, filepath.Join(name.String(), e.Name()))
		}
	}
	return strays, err
}

func isLeftover(name string) bool {
	for _, prefix := range []string{draftPrefix, deadPrefix} {
		if rest, found := strings.CutPrefix(name, prefix); found {
			_, ok := ParseName(rest)
			return ok
		}
	}
	return false
}
