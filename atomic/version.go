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

// Version identifies the content of a file by its size and xxhash64. Versions are
// compared with ==. The zero Version is that of a file that does not exist.
//
// xxhash is no cryptographic hash: it finds accidental changes, but other content
// with the same Version can be made on purpose.
type Version struct {
	Size   int64  // bytes
	Hash   uint64 // xxhash64 of the content
	Exists bool
}

// String returns the size and the hash, or "missing".
func (v Version) String() string {
	if !v.Exists {
		return "missing"
	}
	return fmt.Sprintf("%d:%016x", v.Size, v.Hash)
}

// VersionOf reads the file and returns its version. For a file that does not exist
// it is the zero Version, without an error.
func VersionOf(name string) (Version, error) {
	v, err := versionIn(hostFS{}, name)
	return v, wrap("read", name, err)
}

// VersionOfBytes returns the version of a file with that content.
func VersionOfBytes(b []byte) Version {
	return Version{Size: int64(len(b)), Hash: xxhash.Sum64(b), Exists: true}
}

// VersionOfReader returns the version of a file with the rest of r as its content.
func VersionOfReader(r io.Reader) (Version, error) {
	d := xxhash.New()
	n, err := io.Copy(d, r)
	if err != nil {
		return Version{}, err
	}
	return Version{Size: n, Hash: d.Sum64(), Exists: true}, nil
}

func versionIn(fsys filesystem, name string) (Version, error) {
	f, _, err := openRegular(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return Version{}, nil
	}
	if err != nil {
		return Version{}, err
	}
	defer f.Close()
	return VersionOfReader(f)
}

// matches reports whether the file has version v. A file of another size is not
// read.
func (v Version) matches(fsys filesystem, name string) (bool, error) {
	f, fi, err := openRegular(fsys, name)
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

// openRegular opens a regular file for reading. The open of a named pipe does not
// block.
func openRegular(fsys filesystem, name string) (*os.File, fs.FileInfo, error) {
	f, err := fsys.OpenFile(name, os.O_RDONLY|fsx.NonBlocking, 0)
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
