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

// zeroes is what one write fills in.
var zeroes [256 << 10]byte

// Draft is a segment that is being made. It is not part of the log until it is
// published.
type Draft struct {
	Name Name
	Dir  string   // where the segment's directory is now
	File *os.File // open for reading and writing, onto the one file; the caller closes it
	log  string
}

// NewDraft makes a directory with an empty file in it, and a salt of its own.
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
// file's size nor its blocks, and a full disk shows here instead of there. A file
// system that never overwrites in place gains nothing from it: there it only fsyncs.
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

// Publish makes the draft a segment of the log, durably. The file must be durable
// before, by Fill or otherwise.
func (d *Draft) Publish() error {
	// The file's name inside: without it a power loss could leave the segment as an
	// empty directory, and what was acknowledged in it lost.
	if err := fsx.SyncDir(d.Dir); err != nil {
		return err
	}
	dir := filepath.Join(d.log, d.Name.String())
	if err := d.rename(dir); err != nil {
		return err
	}
	// The segment's name: nothing may be acknowledged in a directory that a power
	// loss could still make a draft again, as recovery removes drafts.
	return fsx.SyncDir(d.log)
}

func (d *Draft) rename(dir string) error {
	held := runtime.GOOS == "windows" // which moves no directory with an open file in it
	if held {
		if err := d.File.Close(); err != nil {
			return err
		}
	}
	if err := os.Rename(d.Dir, dir); err != nil {
		return err
	}
	d.Dir = dir
	if held {
		file, err := os.OpenFile(d.path(), os.O_RDWR, 0)
		if err != nil {
			return err
		}
		d.File = file
	}
	return nil
}

// Discard closes and removes the draft, published or not. Nothing may have been
// acknowledged in it.
func (d *Draft) Discard() error {
	if err := d.File.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return errors.Join(err, os.RemoveAll(d.Dir))
	}
	return os.RemoveAll(d.Dir)
}

func (d *Draft) path() string { return filepath.Join(d.Dir, FileName) }

// Write makes a segment that holds exactly the one group that build seals with
// the segment's salt. It is durable when Write returns.
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
	// Before the name, as Publish says: a segment that is there is whole.
	if err := d.File.Sync(); err != nil {
		return err
	}
	return d.Publish()
}
