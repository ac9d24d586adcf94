package testtree

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/forewrite/forewrite/internal/fsx"
)

// Freeze describes dir and everything below it by path, with inode times and owners.
// Two descriptions are equal only if nobody has touched anything in between, not even
// to write the same again. [Diff] compares them.
func Freeze(dir string) (map[string]string, error) {
	tree, err := Read(dir)
	if err != nil {
		return nil, err
	}
	tree["."] = Node{Mode: fs.ModeDir}
	all := make(map[string]string, len(tree))
	for p, n := range tree {
		fi, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(p)))
		if err != nil {
			return nil, err
		}
		uid, gid, _ := fsx.Owner(fi)
		changed, _ := fsx.Ctime(fi)
		all[p] = fmt.Sprintf("%v %d:%d modified %d changed %d %s", fi.Mode(), uid, gid, fi.ModTime().UnixNano(), changed.UnixNano(), n.Data)
	}
	return all, nil
}
