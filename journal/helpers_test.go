package journal_test

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/forewrite/forewrite/journal"
)

// open opens a journal that is closed at the end of the test.
func open(t testing.TB, root string, opts *journal.Options) *journal.Journal {
	t.Helper()
	j, err := journal.Open(t.Context(), root, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

// manual are options under which nothing is checkpointed by itself, so that a
// crash has something to redo.
func manual() *journal.Options { return &journal.Options{CheckpointIdle: -1} }

func update(t testing.TB, j *journal.Journal, fn func(*journal.Tx) error) {
	t.Helper()
	if err := j.Update(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func write(t testing.TB, j *journal.Journal, name, content string) {
	t.Helper()
	update(t, j, func(tx *journal.Tx) error { return tx.WriteFile(name, []byte(content), 0o644) })
}

// tree describes all below root but the journal: mode and content by path.
func tree(t testing.TB, root string) map[string]string {
	t.Helper()
	all := make(map[string]string)
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(root, p)
		switch {
		case name == ".journal":
			return fs.SkipDir
		case name == ".":
			return nil
		}
		fi, err := d.Info()
		if err != nil {
			return err
		}
		text := fi.Mode().String()
		switch {
		case fi.Mode().IsRegular():
			data, err := os.ReadFile(p)
			if err != nil {
				return err
			}
			text += " " + string(data)
		case fi.Mode()&fs.ModeSymlink != 0:
			target, err := os.Readlink(p)
			if err != nil {
				return err
			}
			text += " -> " + target
		}
		all[filepath.ToSlash(name)] = text
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// diff describes how two trees differ; it is empty if they don't.
func diff(got, want map[string]string) string {
	var b strings.Builder
	names := slices.Sorted(maps.Keys(got))
	for name := range want {
		if _, ok := got[name]; !ok {
			names = append(names, name)
		}
	}
	for _, name := range names {
		if g, w := got[name], want[name]; g != w {
			fmt.Fprintf(&b, "%s: got %.60q, want %.60q\n", name, g, w)
		}
	}
	return b.String()
}

// content is the tree without modes: what a table can state.
func content(t testing.TB, root string) map[string]string {
	all := tree(t, root)
	for name, text := range all {
		mode, rest, _ := strings.Cut(text, " ")
		if mode[0] == 'd' {
			rest = "/"
		}
		all[name] = rest
	}
	return all
}

// crashed returns a copy of the tree as a kill would leave it now.
func crashed(t testing.TB, root string) string {
	t.Helper()
	dst := t.TempDir()
	copyTree(t, root, dst)
	return dst
}

// copyTree copies files, links, modes and times, and keeps hard links.
func copyTree(t testing.TB, src, dst string) {
	t.Helper()
	type inode struct {
		fi   fs.FileInfo
		path string
	}
	var seen, closed []inode // closed: directories that get their mode when their files are in them
	err := filepath.WalkDir(src, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(src, p)
		to := filepath.Join(dst, name)
		fi, err := os.Lstat(p)
		if err != nil {
			return err
		}
		switch {
		case name == ".":
			return nil
		case fi.IsDir():
			closed = append(closed, inode{fi, to})
			return os.Mkdir(to, 0o700)
		case fi.Mode()&fs.ModeSymlink != 0:
			target, err := os.Readlink(p)
			if err != nil {
				return err
			}
			return os.Symlink(target, to)
		}
		for _, s := range seen {
			if os.SameFile(s.fi, fi) {
				return os.Link(s.path, to)
			}
		}
		seen = append(seen, inode{fi, to})
		data, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		if err := os.WriteFile(to, data, fi.Mode()); err != nil {
			return err
		}
		return os.Chtimes(to, time.Time{}, fi.ModTime())
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range slices.Backward(closed) {
		if err := os.Chmod(dir.path, dir.fi.Mode()); err != nil {
			t.Fatal(err)
		}
	}
}

// recovered opens what a crash left, checks that staging is empty and that a
// second recovery changes nothing, and returns the root.
func recovered(t testing.TB, root string) map[string]string {
	t.Helper()
	j, err := journal.Open(context.Background(), root, nil)
	if err != nil {
		t.Fatalf("open after the crash: %v", err)
	}
	after := tree(t, root)
	staging, err := os.ReadDir(filepath.Join(root, ".journal", "staging"))
	if err != nil || len(staging) > 0 {
		t.Errorf("staging after recovery: %v, %v", staging, err)
	}
	write(t, j, "probe-of-a-new-transaction", "x")
	if err := j.Close(); err != nil {
		t.Errorf("close after recovery: %v", err)
	}
	if err := os.Remove(filepath.Join(root, "probe-of-a-new-transaction")); err != nil {
		t.Error(err)
	}
	again, err := journal.Open(context.Background(), root, nil)
	if err != nil {
		t.Fatalf("second open: %v", err)
	}
	defer again.Close()
	if !again.Recovered().Clean {
		t.Errorf("second open: not clean: %s", again.Recovered().Summary())
	}
	if d := diff(tree(t, root), after); d != "" {
		t.Errorf("the second open changed files:\n%s", d)
	}
	return after
}
