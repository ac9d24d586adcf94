package atomic_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	sync_atomic "sync/atomic"
	"testing"

	"github.com/forewrite/forewrite/atomic"
)

func mustWrite(t *testing.T, name, content string, opts *atomic.Options) {
	t.Helper()
	if err := atomic.WriteFile(name, []byte(content), 0o644, opts); err != nil {
		t.Fatal(err)
	}
}

func TestSymlinksAreFollowedToTheEnd(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, d := range []string{"real", "far/away"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	put(t, filepath.Join(dir, "far", "f"), "old")
	// The ".." is the parent of away, to which the link of the directory leads.
	symlink(t, filepath.Join("..", "far", "away"), filepath.Join(dir, "real", "dirlink"))
	symlink(t, "real/dirlink/../f", filepath.Join(dir, "relative"))
	symlink(t, filepath.Join(dir, "relative"), filepath.Join(dir, "absolute"))
	if runtime.GOOS == "windows" {
		t.Skip("\"..\" is resolved before links there")
	}
	for _, name := range []string{"relative", "absolute"} {
		mustWrite(t, filepath.Join(dir, name), "new by "+name, nil)
		wantContent(t, filepath.Join(dir, "far", "f"), "new by "+name)
	}
	for _, name := range []string{"relative", "absolute"} {
		if fi, err := os.Lstat(filepath.Join(dir, name)); err != nil || fi.Mode().Type() != fs.ModeSymlink {
			t.Errorf("%s is not a link any more: %v, %v", name, fi, err)
		}
	}
	wantNames(t, filepath.Join(dir, "far"), "away", "f")
	wantNames(t, filepath.Join(dir, "real"), "dirlink")
}

func TestReplaceSymlink(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, filepath.Join(dir, "f"), "old")
	for name, to := range map[string]string{"link": "f", "dangling": "nowhere", "loop": "loop"} {
		name = filepath.Join(dir, name)
		symlink(t, to, name)
		mustWrite(t, name, "new", &atomic.Options{Symlink: atomic.SymlinkReplace})
		if fi, err := os.Lstat(name); err != nil || !fi.Mode().IsRegular() {
			t.Errorf("%v, %v: want a regular file", fi, err)
		}
		wantContent(t, name, "new")
	}
	wantContent(t, filepath.Join(dir, "f"), "old")
	wantNames(t, dir, "dangling", "f", "link", "loop")
}

func TestHardLinks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name, other := filepath.Join(dir, "f"), filepath.Join(dir, "other")
	put(t, name, "old")
	if err := os.Link(name, other); err != nil {
		t.Skip(err)
	}
	err := atomic.WriteFile(name, []byte("new"), 0o644, &atomic.Options{RejectHardLinks: true})
	if runtime.GOOS != "windows" && !errors.Is(err, atomic.ErrHardLink) {
		t.Errorf("%v, want ErrHardLink", err)
	}
	mustWrite(t, name, "new", nil)
	wantContent(t, name, "new")
	wantContent(t, other, "old")
	mustWrite(t, name, "newer", &atomic.Options{RejectHardLinks: true}) // it has one link now
	wantNames(t, dir, "f", "other")
}

func TestOnlyOneCreates(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		opts atomic.Options
		lose error
	}{
		"NoClobber":        {atomic.Options{NoClobber: true, NoSync: true}, fs.ErrExist},
		"IfMatch(missing)": {atomic.Options{IfMatch: &atomic.Version{}, NoSync: true}, atomic.ErrConflict},
	} {
		for range 20 {
			dir := t.TempDir()
			name := filepath.Join(dir, "f")
			var won sync_atomic.Int32
			var all sync.WaitGroup
			for i := range 16 {
				all.Go(func() {
					err := atomic.WriteFile(name, fmt.Append(nil, i), 0o644, &c.opts)
					if err == nil {
						won.Add(1)
					} else if !errors.Is(err, c.lose) {
						t.Errorf("%s: %v, want %v", what, err, c.lose)
					}
				})
			}
			all.Wait()
			if n := won.Load(); n != 1 {
				t.Errorf("%s: %d won", what, n)
			}
			wantNames(t, dir, "f")
		}
	}
}

func TestNoClobberSeesAFileMadeAfterCreate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := filepath.Join(dir, "f")
	f := mustCreate(t, name, &atomic.Options{NoClobber: true})
	put(t, name, "another program's")
	if err := f.Commit(); !errors.Is(err, fs.ErrExist) {
		t.Errorf("%v, want fs.ErrExist", err)
	}
	wantContent(t, name, "another program's")
	wantNames(t, dir, "f")
}

func TestIfMatchFollowsTheContent(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := filepath.Join(dir, "f")
	v, err := atomic.VersionOf(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, content := range []string{"one", "two", ""} {
		mustWrite(t, name, content, &atomic.Options{IfMatch: &v})
		wantContent(t, name, content)
		if v, err = atomic.VersionOf(name); err != nil {
			t.Fatal(err)
		}
	}
	put(t, name, "by hand")
	if err := atomic.WriteFile(name, []byte("three"), 0o644, &atomic.Options{IfMatch: &v}); !errors.Is(err, atomic.ErrConflict) {
		t.Errorf("%v, want ErrConflict", err)
	}
	wantContent(t, name, "by hand")
	wantNames(t, dir, "f")
}

func TestBackupKeepsThePreviousVersion(t *testing.T) {
	t.Parallel()
	for what, opts := range map[string]*atomic.Options{
		"link":           {Backup: "~"},
		"link, not sync": {Backup: "~", NoSync: true},
		"copy":           {Backup: "~", RejectHardLinks: true},
		"copy, not sync": {Backup: "~", RejectHardLinks: true, NoSync: true},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			name := filepath.Join(dir, "f")
			mustWrite(t, name, "one", opts)
			wantNames(t, dir, "f") // there was nothing to back up
			for i, content := range []string{"two", "three"} {
				mustWrite(t, name, content, opts)
				wantContent(t, name, content)
				wantContent(t, name+"~", []string{"one", "two"}[i])
			}
			wantNames(t, dir, "f", "f~")
		})
	}
}

func TestBackupOfAReplacedSymlinkIsTheLink(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, filepath.Join(dir, "f"), "not changed")
	for link, target := range map[string]string{"link": "f", "dangling": "nowhere"} {
		name := filepath.Join(dir, link)
		symlink(t, target, name)
		put(t, name+"~", "the backup before")
		mustWrite(t, name, "new", &atomic.Options{Symlink: atomic.SymlinkReplace, Backup: "~"})
		wantContent(t, name, "new")
		if got, err := os.Readlink(name + "~"); err != nil || got != target {
			t.Errorf("backup of %s: %q, %v, want a link to %s", link, got, err, target)
		}
	}
	wantContent(t, filepath.Join(dir, "f"), "not changed")
	wantNames(t, dir, "dangling", "dangling~", "f", "link", "link~")
}

func TestBackupAfterACrashBetweenItsSteps(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := filepath.Join(dir, "f")
	put(t, name, "old")
	if err := os.Link(name, name+"~"); err != nil {
		t.Skip(err)
	}
	mustWrite(t, name, "new", &atomic.Options{Backup: "~"})
	wantContent(t, name, "new")
	wantContent(t, name+"~", "old")
	wantNames(t, dir, "f", "f~")
}

func TestABackupThatCannotBeMade(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := filepath.Join(dir, "f")
	put(t, name, "old")
	if err := os.MkdirAll(filepath.Join(dir, "f~", "full"), 0o755); err != nil {
		t.Fatal(err)
	}
	for suffix, want := range map[string]string{"~": "rename", "/nowhere/else": "must not contain a path separator"} {
		err := atomic.WriteFile(name, []byte("new"), 0o644, &atomic.Options{Backup: suffix})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want an error about %q", err, want)
		}
		wantContent(t, name, "old")
		wantNames(t, dir, "f", "f~")
	}
}

func TestConflictLeavesTheBackup(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "f")
	put(t, name, "now")
	put(t, name+"~", "before")
	err := atomic.WriteFile(name, nil, 0o644, &atomic.Options{Backup: "~", IfMatch: version("other")})
	if !errors.Is(err, atomic.ErrConflict) {
		t.Errorf("%v, want ErrConflict", err)
	}
	wantContent(t, name+"~", "before")
}

func TestInRoot(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "root"), 0o755); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "outside"), "out of reach")
	root, err := os.OpenRoot(filepath.Join(dir, "root"))
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	in := &atomic.Options{Root: root}

	for _, opts := range []atomic.Options{{}, {NoSync: true}, {Backup: "~"}, {Backup: "~", RejectHardLinks: true}} {
		opts.Root = root
		mustWrite(t, "new/deep/f", "content", &opts)
		wantContent(t, filepath.Join(dir, "root", "new", "deep", "f"), "content")
	}
	mustWrite(t, "once", "x", &atomic.Options{Root: root, NoClobber: true})
	if err := atomic.WriteFile("once", nil, 0o644, &atomic.Options{Root: root, NoClobber: true}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("%v, want fs.ErrExist", err)
	}
	for range 2 {
		err := atomic.UpdateJSON(t.Context(), "new/c.json", func(c *counter, _ bool) error { c.N++; return nil }, in)
		if err != nil {
			t.Fatal(err)
		}
	}
	wantContent(t, filepath.Join(dir, "root", "new", "c.json"), "{\n  \"n\": 2\n}\n")
	wantNames(t, filepath.Join(dir, "root", "new"), "c.json", "c.json.lock", "deep")

	symlink(t, filepath.Join("..", "outside"), filepath.Join(dir, "root", "out"))
	symlink(t, "..", filepath.Join(dir, "root", "up"))
	for _, name := range []string{"../outside", "out", "up/outside", "up/new", filepath.Join(dir, "outside"), "up/more/new"} {
		if err := atomic.WriteFile(name, []byte("escaped"), 0o644, in); err == nil || !strings.Contains(err.Error(), "escapes") {
			t.Errorf("%s: %v, want an error of os.Root", name, err)
		}
		if err := atomic.UpdateJSON(t.Context(), name, func(*counter, bool) error { return nil }, in); err == nil || !strings.Contains(err.Error(), "escapes") {
			t.Errorf("UpdateJSON of %s: %v, want an error of os.Root", name, err)
		}
	}
	wantContent(t, filepath.Join(dir, "outside"), "out of reach")
	wantNames(t, dir, "outside", "root")
}

func TestOptionsThatCannotBeObeyed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := filepath.Join(dir, "new", "f")
	write := func(opts *atomic.Options) error { return atomic.WriteFile(name, nil, 0o644, opts) }
	update := func(opts *atomic.Options) error {
		return atomic.UpdateJSON(t.Context(), name, func(*counter, bool) error { return nil }, opts)
	}
	lock := &atomic.Options{Lock: atomic.LockOptions{Timeout: 1}}
	for _, c := range []struct {
		do   func(*atomic.Options) error
		opts *atomic.Options
		why  string
	}{
		{write, &atomic.Options{NoClobber: true, IfMatch: version("x")}, "set only one of them"},
		{update, &atomic.Options{NoClobber: true, IfMatch: version("x")}, "set only one of them"},
		{write, &atomic.Options{InPlace: true, FreshMetadata: true}, "keeps its metadata"},
		{write, &atomic.Options{Backup: "/b"}, "path separator"},
		{write, &atomic.Options{Symlink: 3}, "Options.Symlink is 3"},
		{write, &atomic.Options{Symlink: -1}, "Options.Symlink is -1"},
		{write, &atomic.Options{ExactMode: fs.ModeDir | 0o755}, "mode d"},
		{write, lock, "call Lock first"},
		{write, &atomic.Options{Lock: atomic.LockOptions{OnWait: func(atomic.Holder) {}}}, "call Lock first"},
		{func(opts *atomic.Options) error { return atomic.WriteJSON(name, 1, opts) }, lock, "call Lock first"},
		{func(opts *atomic.Options) error { return atomic.Write(name, strings.NewReader(""), 0o644, opts) }, lock, "call Lock first"},
		{func(opts *atomic.Options) error { _, err := atomic.Create(name, 0o644, opts); return err }, lock, "call Lock first"},
	} {
		err := c.do(c.opts)
		var typed *atomic.Error
		if !errors.Is(err, fs.ErrInvalid) || !errors.As(err, &typed) || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%v, want an error that says %q", err, c.why)
		}
	}
	wantNames(t, dir)
	if err := update(lock); err != nil {
		t.Errorf("UpdateJSON with lock options: %v", err)
	}
}

func TestVersions(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := filepath.Join(dir, "f")
	missing, err := atomic.VersionOf(name)
	if err != nil || missing != (atomic.Version{}) || missing.String() != "missing" {
		t.Errorf("%v, %v", missing, err)
	}
	put(t, name, "abc")
	v, err := atomic.VersionOf(name)
	if err != nil {
		t.Fatal(err)
	}
	if want := "3:44bc2cf5ad770999"; v.String() != want { // xxhash64 of abc
		t.Errorf("%s, want %s", v, want)
	}
	if v != atomic.VersionOfBytes([]byte("abc")) {
		t.Error("VersionOfBytes says otherwise")
	}
	if atomic.VersionOfBytes(nil) == (atomic.Version{}) {
		t.Error("an empty file is not a missing one")
	}
	if _, err := atomic.VersionOf(dir); !errors.Is(err, atomic.ErrNotRegular) {
		t.Errorf("%v, want ErrNotRegular", err)
	}
	if _, err := atomic.VersionOfReader(&failing{err: errors.ErrUnsupported}); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("%v", err)
	}
}
