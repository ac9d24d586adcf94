// Package pathwalk follows the symbolic links in a path below a root.
package pathwalk

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
	"syscall"
)

// maxLinks is the number of symbolic links that Linux follows in one path.
const maxLinks = 40

// ErrLeavesRoot is returned when a symbolic link leads out of the root. It is an
// [fs.ErrInvalid].
var ErrLeavesRoot = fmt.Errorf("symbolic link leads out of the root: %w", fs.ErrInvalid)

// Walk walks from the root along name, a slash-separated path, and follows symbolic
// links on the way, the last one too if follow is set. It calls visit with each path
// on the way, which has no links above its last element; last is set for the end of
// the walk. If a symbolic link is there, visit returns its target. An error of visit
// ends the walk. Walk returns the path where it has ended.
func Walk(name string, follow bool, visit func(p string, last bool) (target string, err error)) (string, error) {
	at, rest := ".", name
	for links := 0; ; {
		elem, tail, _ := strings.Cut(rest, "/")
		if elem == ".." { // only in a target
			if at == "." {
				return "", ErrLeavesRoot
			}
			at, rest = path.Dir(at), tail
			if rest == "" {
				rest = "."
			}
			continue
		}
		p := elem
		if at != "." || elem == "" {
			p = path.Join(at, elem)
		}
		last := tail == ""
		target, err := visit(p, last)
		switch {
		case err != nil:
			return "", err
		case target == "" || last && !follow:
			if last {
				return p, nil
			}
			at, rest = p, tail
			continue
		}
		if links++; links > maxLinks {
			return "", syscall.ELOOP
		}
		if rest, err = join(target, tail); err != nil {
			return "", err
		}
	}
}

// join puts the target of a symbolic link before the rest of the path.
func join(target, tail string) (string, error) {
	target = strings.TrimRight(target, "/")
	if target == "" || path.IsAbs(target) || strings.IndexByte(target, 0) >= 0 {
		return "", ErrLeavesRoot
	}
	if tail == "" {
		return target, nil
	}
	return target + "/" + tail, nil
}
