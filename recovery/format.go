package recovery

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/journal/record"
)

// FormatFile is the name of the file in the journal directory that holds format
// version and id. It is written last when a journal is made: where it is missing,
// nothing was ever committed.
const FormatFile = "FORMAT"

// Format is the content of that file.
type Format struct {
	Version uint64 // of the groups that the log began with; later ones may be newer
	ID      uint64 // random, to tell journals apart
}

// String returns the file's text:
//
//	forewrite 2
//	id 5f0c9a3be1d27784
func (f Format) String() string {
	return fmt.Sprintf("forewrite %d\nid %016x\n", f.Version, f.ID)
}

// ReadFormat reads the format of the journal in dir. Errors are fs.ErrNotExist, a
// *FormatError for a newer version, a *CorruptError for a damaged file, or those
// of reading.
func ReadFormat(dir string) (Format, error) {
	path := filepath.Join(dir, FormatFile)
	text, err := readSmall(path)
	if err != nil {
		return Format{}, err
	}
	first, rest, _ := strings.Cut(text, "\n")
	word, number, _ := strings.Cut(first, " ")
	version, err := strconv.ParseUint(number, 10, 32)
	if word != "forewrite" || err != nil || version == 0 {
		return Format{}, &CorruptError{Err: fmt.Errorf("%s begins with %q", path, first)}
	}
	if version > record.Version {
		return Format{}, &FormatError{Path: path, Err: fmt.Errorf("%w: it is %d, this is %d", record.ErrVersion, version, record.Version)}
	}
	hex := strings.TrimSuffix(strings.TrimPrefix(rest, "id "), "\n")
	id, err := strconv.ParseUint(hex, 16, 64)
	f := Format{Version: version, ID: id}
	if err != nil || f.String() != text {
		return Format{}, &CorruptError{Err: fmt.Errorf("%s has no valid id", path)}
	}
	return f, nil
}

// readSmall reads the beginning of a regular file, and opens nothing else.
func readSmall(path string) (string, error) {
	fi, err := os.Lstat(path)
	if err != nil {
		return "", err
	}
	if !fi.Mode().IsRegular() {
		return "", fmt.Errorf("recovery: %w: %s is a %s", ErrUnsafe, path, kindOf(fi.Mode()))
	}
	file, err := os.OpenFile(path, os.O_RDONLY|fsx.NonBlocking, 0)
	if err != nil {
		return "", err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, 4096))
	return string(text), err
}

// WriteFormat writes the file for a new journal, durably.
func WriteFormat(dir string, id uint64) error {
	path := filepath.Join(dir, FormatFile)
	temp := path + ".new"
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := file.WriteString(Format{record.Version, id}.String()); err != nil {
		return err
	}
	// Before the rename: a power loss must not leave the name on an empty file,
	// which would be corruption.
	if err := file.Sync(); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		return err
	}
	// Before the first commit: a journal without this file counts as empty.
	return fsx.SyncDir(dir)
}
