package segment

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/forewrite/forewrite/internal/fsx"
)

// zeroes is what one write of Fill writes.
var zeroes [256 << 10]byte

// Draft is a segment that is being made. It becomes part of the log when it is
// published.
type Draft struct {
	Name Name
	Dir  string   // current path of the segment's directory
	File *os.File // the segment's file, open for reading and writing; the caller closes it
	log  string
}

// NewDraft makes a directory with an empty file in it, and gives it a new salt.
func NewDraft(logDir string, number uint64) (*Draft, error) {
	var salt [8]byte
	rand.Read(salt[:]) // never fails
	d := &Draft{Name: Name{number, binary.LittleEndian.Uint64(salt[:])}, log: logDir}
	d.Dir = filepath.Join(logDir, draftPrefix+d.Name.String())
	if err := os.Mkdir(d.Dir, 0o700); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(d.path(), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, errors.Join(err, os.Remove(d.Dir))
	}
	d.File = file
	return d, nil
}

// Fill writes zeroes up to size and fsyncs, so that appending changes neither the
// file's size nor its blocks, and a full disk fails here and not in an append. On a
// file system that never overwrites in place this gains nothing: there Fill only
// fsyncs.
func (d *Draft) Fill(size int64) error {
	if !overwritesInPlace(d.File) {
		return d.File.Sync()
	}
	for at := int64(0); at < size; {
		n, err := d.File.WriteAt(zeroes[:min(int64(len(zeroes)), size-at)], at)
		if err != nil {
			return err
		}
		at += int64(n)
	}
	return d.File.Sync()
}

// Publish makes the draft a segment of the log, durably. The file must have been
// fsynced before, by Fill or otherwise.
func (d *Draft) Publish() error {
	// Syncs the name of the file. Without it, a power loss could leave an empty
	// directory, and groups that were acknowledged in the segment would be lost.
	if err := fsx.SyncDir(d.Dir); err != nil {
		return err
	}
	dir := filepath.Join(d.log, d.Name.String())
	if err := d.rename(dir); err != nil {
		return err
	}
	// Syncs the name of the segment. Without it, a power loss could turn the segment
	// into a draft again, which recovery removes with the acknowledged groups in it.
	return fsx.SyncDir(d.log)
}

func (d *Draft) rename(dir string) error {
	reopen := runtime.GOOS == "windows" // it renames no directory with an open file in it
	if reopen {
		if err := d.File.Close(); err != nil {
			return err
		}
	}
	if err := os.Rename(d.Dir, dir); err != nil {
		return err
	}
	d.Dir = dir
	if reopen {
		file, err := os.OpenFile(d.path(), os.O_RDWR, 0)
		if err != nil {
			return err
		}
		d.File = file
	}
	return nil
}

// Discard closes and removes the draft, published or not. No group in it may have
// been acknowledged.
func (d *Draft) Discard() error {
	if err := d.File.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return errors.Join(err, os.RemoveAll(d.Dir))
	}
	return os.RemoveAll(d.Dir)
}

func (d *Draft) path() string { return filepath.Join(d.Dir, FileName) }

// Write makes a segment with exactly one group: the one that build returns, sealed
// with the segment's salt. It is durable when Write returns.
func Write(logDir string, number uint64, build func(salt uint64) []byte) (Name, error) {
	d, err := NewDraft(logDir, number)
	if err != nil {
		return Name{}, err
	}
	if err := d.write(AppendEntry(nil, build(d.Name.Salt))); err != nil {
		return Name{}, errors.Join(fmt.Errorf("write segment %s: %w", d.Name, err), d.Discard())
	}
	return d.Name, d.File.Close()
}

func (d *Draft) write(entry []byte) error {
	if _, err := d.File.Write(entry); err != nil {
		return err
	}
	// Before Publish: a power loss must not leave the segment's name without the group.
	if err := d.File.Sync(); err != nil {
		return err
	}
	return d.Publish()
}
