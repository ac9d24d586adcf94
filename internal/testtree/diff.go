package testtree

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

// Diff says how a tree differs from the one wanted, a line for each path, or "" if
// it does not. It takes two of [Tree], or two of what [Tree.Contents] returns.
func Diff[M ~map[string]N, N comparable](got, want M) string {
	all := make(map[string]bool, len(got))
	for p := range maps.Keys(got) {
		all[p] = true
	}
	for p := range maps.Keys(want) {
		all[p] = true
	}
	var b strings.Builder
	for _, p := range slices.Sorted(maps.Keys(all)) {
		g, found := got[p]
		w, wanted := want[p]
		switch {
		case !found:
			fmt.Fprintf(&b, "%s is missing, want %s\n", p, show(w))
		case !wanted:
			fmt.Fprintf(&b, "%s is %s, want nothing\n", p, show(g))
		case g != w:
			fmt.Fprintf(&b, "%s is %s, want %s%s\n", p, show(g), show(w), where(text(g), text(w)))
		}
	}
	return b.String()
}

// text is the content or target of what a tree has at a path.
func text(n any) string {
	if n, ok := n.(Node); ok {
		return n.Data
	}
	return fmt.Sprint(n)
}

func show(n any) string {
	if n, ok := n.(Node); ok {
		return n.String()
	}
	return short(text(n))
}

// String describes the node in a few words.
func (n Node) String() string {
	switch {
	case n.Mode&fs.ModeSymlink != 0:
		return "-> " + n.Data
	case n.SameAs != "":
		return fmt.Sprintf("%v %s, the same file as %s", n.Mode, short(n.Data), n.SameAs)
	case n.Mode.IsRegular():
		return fmt.Sprintf("%v %s", n.Mode, short(n.Data))
	}
	return n.Mode.String()
}

// shown is how much of a content a message shows.
const shown = 40

func short(s string) string {
	if len(s) <= shown {
		return fmt.Sprintf("%q", s)
	}
	return fmt.Sprintf("%q… (%d bytes)", s[:shown], len(s))
}

// where says where two contents differ, if that is not among the bytes shown.
func where(a, b string) string {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	if n < shown || a == b {
		return ""
	}
	return fmt.Sprintf(", different from byte %d on: %s and %s", n, short(a[n:]), short(b[n:]))
}
