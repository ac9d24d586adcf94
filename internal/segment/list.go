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

// Listing is the content of a log directory. Leftovers and strays are paths relative
// to it.
type Listing struct {
	Segments  []Name   // ordered by number
	Leftovers []string // drafts and retired segments that a crash left
	Strays    []string // what the journal did not make
}

// List reads the log directory. It follows no symbolic links, opens no file and does
// not read leftovers.
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

// straysIn lists the entries of a segment's directory other than its file.
func straysIn(logDir string, name Name) (strays []string, err error) {
	entries, err := os.ReadDir(filepath.Join(logDir, name.String()))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // the owner has just retired it
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
