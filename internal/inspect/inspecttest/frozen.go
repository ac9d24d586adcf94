package inspecttest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/cespare/xxhash/v2"
	"github.com/forewrite/forewrite/internal/fsx"
)

// Freeze describes everything below dir: names, modes, times and content. Two
// descriptions are equal only if nothing was changed in between.
func Freeze(dir string) (string, error) {
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		fi, err := d.Info()
		if err != nil {
			return err
		}
		changed, _ := fsx.Ctime(fi)
		content := ""
		switch {
		case fi.Mode().IsRegular():
			data, err := os.ReadFile(path)
			if errors.Is(err, fs.ErrPermission) {
				content = "unreadable"
				break
			}
			if err != nil {
				return err
			}
			content = fmt.Sprintf("%d %x", len(data), xxhash.Sum64(data))
		case fi.Mode()&fs.ModeSymlink != 0:
			if content, err = os.Readlink(path); err != nil {
				return err
			}
		}
		fmt.Fprintf(&b, "%q %s %d %d %s\n", path, fi.Mode(), fi.ModTime().UnixNano(), changed.UnixNano(), content)
		return nil
	})
	return b.String(), err
}
