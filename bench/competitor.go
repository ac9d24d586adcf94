package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Kind says what a competitor leaves on the disk.
type Kind string

const (
	Floor  Kind = "floor"        // bytes in one file, and nothing to find them by
	Files  Kind = "files"        // ordinary files, each replaced by itself
	Values Kind = "values"       // the same bytes inside a store's own format
	Atomic Kind = "atomic files" // ordinary files, changed together
)

// Competitor is one way to make bytes durable.
type Competitor struct {
	Name  string
	Kind  Kind
	About string // what it does for one commit
	Warm  int    // payload bytes after which its logs are recycled and its figures settle
	Crowd bool   // it waits for others to join, and makes no sense alone
	Open  func(dir string) (*Store, error)

	// Hoard opens it so that a crash leaves as much work as possible to the
	// next Open. Nil: as Open does.
	Hoard func(dir string) (*Store, error)
}

// Store is a competitor at work in one directory. Put, PutAll and Modify return
// when the change is durable, and may be called by many goroutines. What a
// competitor can't do is nil.
type Store struct {
	Put    func(name string, data []byte) error
	PutAll func(files []File) error // as one transaction, where there is such a thing
	Modify func(name string, change func(old []byte) []byte) error
	Get    func(name string) ([]byte, error)
	Close  func() error

	// Redone is the number of transactions that Open found in its log and did
	// again; nil where that is not known.
	Redone func() int
}

// File is a name and the bytes that it shall have.
type File struct {
	Name string
	Data []byte
}

const mib = 1 << 20

// competitors are all there are on this platform, in the order of the tables.
func competitors() []Competitor {
	all := []Competitor{overwriteFloor, appendFloor, forewriteJournal}
	all = append(all, syncfsByHand()...)
	return append(all,
		plainByHand, renameioFile, renameioDir, natefinchAtomic, mobyAtomic,
		pebbleStore, sqliteStore, badgerStore, bboltStore, bboltBatch,
	)
}

// choose returns the named competitors, or all of them for an empty list.
func choose(names string) ([]Competitor, error) {
	all := competitors()
	if names == "" {
		return all, nil
	}
	var chosen []Competitor
	for name := range strings.SplitSeq(names, ",") {
		i := slices.IndexFunc(all, func(c Competitor) bool { return c.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("no competitor is called %q; there are %s", name, nameList(all))
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

func nameList(cs []Competitor) string {
	names := make([]string, len(cs))
	for i, c := range cs {
		names[i] = c.Name
	}
	return strings.Join(names, ", ")
}

// fileStore completes a Store whose files are ordinary ones: reading is reading
// the file, and modifying is reading and replacing it, without isolation.
func fileStore(dir string, put func(path string, data []byte) error) *Store {
	path := func(name string) string { return filepath.Join(dir, name) }
	s := &Store{
		Put:   func(name string, data []byte) error { return put(path(name), data) },
		Get:   func(name string) ([]byte, error) { return os.ReadFile(path(name)) },
		Close: func() error { return nil },
	}
	s.PutAll = func(files []File) error {
		for _, f := range files {
			if err := s.Put(f.Name, f.Data); err != nil {
				return err
			}
		}
		return nil
	}
	s.Modify = func(name string, change func([]byte) []byte) error {
		old, err := s.Get(name)
		if err != nil {
			return err
		}
		return s.Put(name, change(old))
	}
	return s
}

// withDir hands a directory's handle to a store that syncs it, and closes it with
// the store.
func withDir(dir string, open func(d *os.File) *Store) (*Store, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	s := open(d)
	s.Close = d.Close
	return s, nil
}
