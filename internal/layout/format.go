package layout

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/journal/record"
)

// ErrFormat is returned when FORMAT is there and can't be understood.
var ErrFormat = errors.New("FORMAT is damaged")

// Format is the content of FORMAT. The file is written last when a journal is made:
// where it is missing, nothing was ever committed.
type Format struct {
	Version uint64 // of the groups that the log began with; later ones may be newer
	ID      uint64 // random, to distinguish journals
}

// String returns the file's text:
//
//	forewrite 2
//	id 5f0c9a3be1d27784
func (f Format) String() string {
	return fmt.Sprintf("forewrite %d\nid %016x\n", f.Version, f.ID)
}

// ReadFormat reads FORMAT from an opened journal directory. It fails with
// [fs.ErrNotExist] when there is none, [record.ErrVersion] when it is of a newer
// format, [ErrFormat] when it is damaged, and [ErrUnsafe] when it is not a file.
func ReadFormat(home *os.Root) (Format, error) {
	text, err := readSmall(home, FormatFile)
	if err != nil {
		return Format{}, err
	}
	first, rest, _ := strings.Cut(text, "\n")
	word, number, _ := strings.Cut(first, " ")
	version, err := strconv.ParseUint(number, 10, 32)
	if word != "forewrite" || err != nil || version == 0 {
		return Format{}, fmt.Errorf("%w: it begins with %q", ErrFormat, first)
	}
	if version > record.Version {
		return Format{}, fmt.Errorf("%w: it is %d, this is %d", record.ErrVersion, version, record.Version)
	}
	hex := strings.TrimSuffix(strings.TrimPrefix(rest, "id "), "\n")
	id, err := strconv.ParseUint(hex, 16, 64)
	f := Format{Version: version, ID: id}
	if err != nil || f.String() != text {
		return Format{}, fmt.Errorf("%w: it has no valid id", ErrFormat)
	}
	return f, nil
}

// readSmall reads the beginning of a regular file, and opens nothing else.
func readSmall(dir *os.Root, name string) (string, error) {
	fi, err := dir.Lstat(name)
	if err != nil {
		return "", err
	}
	if !fi.Mode().IsRegular() {
		return "", fmt.Errorf("%w: %s is a %s", ErrUnsafe, name, fsx.KindOf(fi.Mode()))
	}
	file, err := dir.OpenFile(name, os.O_RDONLY|fsx.NonBlocking, 0)
	if err != nil {
		return "", err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, 4096))
	return string(text), err
}

// WriteFormat writes FORMAT for a new journal with this id, durably.
func (d *Dir) WriteFormat(id uint64) error {
	const temp = FormatFile + ".new"
	if err := d.Home.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, err := d.Home.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
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
	if err := d.Home.Rename(temp, FormatFile); err != nil {
		return err
	}
	// Before the first commit: a journal without this file counts as empty.
	return fsx.SyncDir(d.Path(""))
}
