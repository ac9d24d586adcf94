package atomic

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/cespare/xxhash/v2"
	"github.com/forewrite/forewrite/internal/fsx"
)

// Version tells one content of a file from another, by size and xxhash64. Versions
// are compared with ==. The zero Version is that of a file that does not exist.
//
// The hash finds changes made by accident. Somebody who wants to can make another
// content with the same Version.
type Version struct {
	Size   int64  // bytes
	Hash   uint64 // xxhash64 of the content
	Exists bool
}

func (v Version) String() string {
	if !v.Exists {
		return "missing"
	}
	return fmt.Sprintf("%d:%016x", v.Size, v.Hash)
}

// VersionOf reads the file and tells its version: the zero Version and no error
// when it does not exist.
func VersionOf(name string) (Version, error) {
	v, err := versionIn(host{}, name)
	return v, wrap("read", name, err)
}

// VersionOfBytes is the version of a file with that content.
func VersionOfBytes(b []byte) Version {
	return Version{Size: int64(len(b)), Hash: xxhash.Sum64(b), Exists: true}
}

// VersionOfReader is the version of a file with what r holds from here on.
func VersionOfReader(r io.Reader) (Version, error) {
	d := xxhash.New()
	n, err := io.Copy(d, r)
	if err != nil {
		return Version{}, err
	}
	return Version{Size: n, Hash: d.Sum64(), Exists: true}, nil
}

func versionIn(t tree, name string) (Version, error) {
	f, _, err := openRegular(t, name)
	if errors.Is(err, fs.ErrNotExist) {
		return Version{}, nil
	}
	if err != nil {
		return Version{}, err
	}
	defer f.Close()
	return VersionOfReader(f)
}

// isThat compares without reading what has another size.
func (v Version) isThat(t tree, name string) (bool, error) {
	f, fi, err := openRegular(t, name)
	if errors.Is(err, fs.ErrNotExist) {
		return !v.Exists, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	if !v.Exists || v.Size != fi.Size() {
		return false, nil
	}
	got, err := VersionOfReader(f)
	return got == v, err
}

// openRegular opens a file for reading, and never waits for a FIFO.
func openRegular(t tree, name string) (*os.File, fs.FileInfo, error) {
	f, err := t.OpenFile(name, os.O_RDONLY|fsx.NonBlocking, 0)
	if err != nil {
		return nil, nil, err
	}
	fi, err := f.Stat()
	if err == nil && !fi.Mode().IsRegular() {
		err = notRegular(fi.Mode().Type())
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, fi, nil
}
