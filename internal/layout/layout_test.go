package layout_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/forewrite/forewrite/internal/layout"
	"github.com/forewrite/forewrite/internal/testtree"
	"github.com/forewrite/forewrite/journal/record"
)

func TestContainsOnlyTheJournalDirectory(t *testing.T) {
	t.Parallel()
	if _, err := layout.Create(t.TempDir(), "a/.j"); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("a parent that is missing: %v", err)
	}
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "a"), 0o755); err != nil {
		t.Fatal(err)
	}
	d, err := layout.Create(root, "a/.j")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for p, want := range map[string]bool{"a": false, "a/.j": true, "a/.j/x": true, "a/.jx": false, "b/.j": false, ".j": false} {
		if got := d.Contains(p); got != want {
			t.Errorf("Contains(%q) = %v", p, got)
		}
	}
	for p, want := range map[string]bool{"a": true, "a/.j": false, "b": false, "a/.": false} {
		if got := d.IsBelow(p); got != want {
			t.Errorf("IsBelow(%q) = %v", p, got)
		}
	}
}

func TestReachesFollowsLinksOnTheWay(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	d, err := layout.Create(root, "")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := os.Mkdir(filepath.Join(root, "d"), 0o755); err != nil {
		t.Fatal(err)
	}
	for link, target := range map[string]string{
		"direct": ".journal", "d/log": "../.journal/log", "d/chain": "../direct",
		"other": "d", "out": filepath.Dir(root), "up": "..", "loop": "loop", "absolute": filepath.Join(root, ".journal"),
	} {
		if err := os.Symlink(target, filepath.Join(root, filepath.FromSlash(link))); err != nil {
			t.Fatal(err)
		}
	}
	for p, want := range map[string]bool{
		".journal": true, ".journal/FORMAT": true, ".journal/missing/x": true, ".": false, "d": false, "missing/x": false,
		"direct": false, "direct/x": true, "direct/log/x": true, "d/log": false, "d/log/x": true, "d/chain/x": true,
		"other/chain/x": true, "other/x": false, "out/x": false, "up/x": false, "loop/x": false, "absolute/x": false,
	} {
		if got := d.Reaches(p); got != want {
			t.Errorf("Reaches(%q) = %v", p, got)
		}
	}
}

func TestOpenRefusesWhatIsNoJournalDirectory(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		prepare func(root string) error
		rel     string
		want    error
	}{
		"nothing there":         {func(string) error { return nil }, "", layout.ErrNoJournal},
		"a file":                {func(root string) error { return os.WriteFile(filepath.Join(root, ".journal"), nil, 0o600) }, "", layout.ErrUnsafe},
		"a link to a journal":   {func(root string) error { return os.Symlink(t.TempDir(), filepath.Join(root, ".journal")) }, "", layout.ErrUnsafe},
		"a link on the way":     {func(root string) error { return os.Symlink(t.TempDir(), filepath.Join(root, "a")) }, "a/.journal", layout.ErrUnsafe},
		"a LOCK that is a link": {linked("LOCK"), "", layout.ErrUnsafe},
		"a VIEW that is a link": {linked("VIEW"), "", layout.ErrUnsafe},
		"a GATE that is a link": {linked("GATE"), "", layout.ErrUnsafe},
		"READY that is a link":  {linked("READY"), "", layout.ErrUnsafe},
		"FORMAT, a link":        {linked("FORMAT"), "", layout.ErrUnsafe},
		"a log that is a link":  {linked("log"), "", layout.ErrUnsafe},
		"staging, a link":       {linked("staging"), "", layout.ErrUnsafe},
		"lost+found, a link":    {linked("lost+found"), "", layout.ErrUnsafe},
		"the root itself":       {func(string) error { return nil }, ".", fs.ErrInvalid},
		"a path out of it":      {func(string) error { return nil }, "../x", fs.ErrInvalid},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			if err := tt.prepare(root); err != nil {
				t.Fatal(err)
			}
			if _, err := layout.Open(root, tt.rel); !errors.Is(err, tt.want) {
				t.Errorf("%v, want %v", err, tt.want)
			}
		})
	}
}

// linked makes a journal directory in which name is a symbolic link.
func linked(name string) func(root string) error {
	return func(root string) error {
		home := filepath.Join(root, ".journal")
		return errors.Join(os.Mkdir(home, 0o700), os.Symlink(root, filepath.Join(home, name)))
	}
}

func TestCheckOwnerSeesADirectoryThatOthersCanWrite(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "log", "staging", "lost+found", "FORMAT"} {
		d, err := layout.Create(t.TempDir(), "")
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		if err := d.WriteFormat(1); err != nil {
			t.Fatal(err)
		}
		if err := d.CheckOwner(); err != nil {
			t.Errorf("as it was made: %v", err)
		}
		if err := os.Chmod(d.Path(name), 0o770); err != nil {
			t.Fatal(err)
		}
		if err := d.CheckOwner(); !errors.Is(err, layout.ErrUnsafe) {
			t.Errorf("%q can be written by the group: %v", name, err)
		}
	}
}

// A journal directory that is refused is left as it is.
func TestCreateMakesNothingInWhatItRefuses(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(root string) error{
		"a link to a directory": func(root string) error {
			return errors.Join(os.Mkdir(filepath.Join(root, "docs"), 0o755), os.Symlink("docs", filepath.Join(root, ".journal")))
		},
		"others can write": func(root string) error {
			home := filepath.Join(root, ".journal")
			return errors.Join(os.Mkdir(home, 0o777), os.Chmod(home, 0o777))
		},
		"a VIEW that is a directory": func(root string) error { return os.MkdirAll(filepath.Join(root, ".journal", "VIEW"), 0o700) },
	} {
		root := t.TempDir()
		if err := prepare(root); err != nil {
			t.Fatal(err)
		}
		before := testtree.Of(t, root)
		if _, err := layout.Create(root, ""); !errors.Is(err, layout.ErrUnsafe) {
			t.Errorf("%s: %v", name, err)
		}
		if d := testtree.Diff(testtree.Of(t, root), before); d != "" {
			t.Errorf("%s: the tree changed:\n%s", name, d)
		}
	}
}

// Usually somebody has started the program with sudo once.
func TestAJournalOfAnotherUserIsUnsafe(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Skip("root may look into every directory; run as an ordinary user in .ci/run")
	}
	const root = "/root" // belongs to another user, who lets nobody look into it
	fi, err := os.Lstat(root)
	if err != nil || fi.Mode().Perm()&0o007 != 0 {
		t.Skip("there is no closed directory of another user")
	}
	for name, open := range map[string]func(root, rel string) (*layout.Dir, error){"Open": layout.Open, "Create": layout.Create} {
		if _, err := open("/", "root"); !errors.Is(err, layout.ErrUnsafe) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFormatRoundTrips(t *testing.T) {
	t.Parallel()
	d, err := layout.Create(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := layout.ReadFormat(d.Home); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("before it was written: %v", err)
	}
	for _, id := range []uint64{0, 1, 0xc0ffee, 1<<64 - 1} {
		if err := d.WriteFormat(id); err != nil {
			t.Fatal(err)
		}
		if f, err := layout.ReadFormat(d.Home); err != nil || f != (layout.Format{Version: record.Version, ID: id}) {
			t.Errorf("%x: %+v, %v", id, f, err)
		}
	}
}

func TestReadFormatTellsDamageFromANewerVersion(t *testing.T) {
	t.Parallel()
	d, err := layout.Create(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for text, want := range map[string]error{
		"":                                     layout.ErrFormat,
		"forewrite 0\nid 00\n":                 layout.ErrFormat,
		"forewrite 2\n":                        layout.ErrFormat,
		"forewrite":                            layout.ErrFormat,
		"forewrite 1":                          layout.ErrFormat,
		"forewrite 1\n":                        layout.ErrFormat,
		"forewrite 2\nid c0ffee\n":             layout.ErrFormat,
		"forewrite 0\nid 0000000000000001\n":   layout.ErrFormat,
		"forewrite 01\nid 0000000000000001\n":  layout.ErrFormat,
		"forewrite 1\nid 1\n":                  layout.ErrFormat,
		"forewrite 1\nid 0000000000000001":     layout.ErrFormat,
		"forewrite 1\nid 0000000000000001\n\n": layout.ErrFormat,
		"forewrite 1\nid 000000000000000G\n":   layout.ErrFormat,
		"forewrite 1\nid -000000000000001\n":   layout.ErrFormat,
		"rewrite 1\nid 0000000000000001\n":     layout.ErrFormat,
		strings.Repeat("\x00", 40):             layout.ErrFormat,
		"forewrite 99\nanything":               record.ErrVersion,
		"forewrite 3\nand anything\n":          record.ErrVersion,
	} {
		if err := os.WriteFile(d.Path(layout.FormatFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := layout.ReadFormat(d.Home); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", text, err, want)
		}
	}
}

func TestCheckOwnerSeesADirectoryOfAnotherUser(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "log", "staging", "lost+found"} {
		d, err := layout.Create(t.TempDir(), "")
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		if err := os.Chown(d.Path(name), 12345, -1); err != nil {
			t.Skipf("needs root: gives a directory away: %v", err)
		}
		if err := d.CheckOwner(); !errors.Is(err, layout.ErrUnsafe) {
			t.Errorf("%q belongs to somebody else: %v", name, err)
		}
	}
}

func TestReadFormatOpensOnlyAFile(t *testing.T) {
	t.Parallel()
	for name, replace := range map[string]func(file string) error{
		"a link":      func(file string) error { return os.Symlink("real", file) },
		"a directory": func(file string) error { return os.Mkdir(file, 0o700) },
	} {
		d, err := layout.Create(t.TempDir(), "")
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		file := d.Path(layout.FormatFile)
		if err := errors.Join(d.WriteFormat(1), os.Rename(file, d.Path("real")), replace(file)); err != nil {
			t.Fatal(err)
		}
		if _, err := layout.ReadFormat(d.Home); !errors.Is(err, layout.ErrUnsafe) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A crash may have left FORMAT half written under its first name.
func TestWriteFormatAfterACrash(t *testing.T) {
	t.Parallel()
	d, err := layout.Create(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := os.WriteFile(d.Path(layout.FormatFile+".new"), []byte("forewri"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := d.WriteFormat(7); err != nil {
		t.Fatal(err)
	}
	if f, err := layout.ReadFormat(d.Home); err != nil || f.ID != 7 {
		t.Errorf("%+v, %v", f, err)
	}
}
