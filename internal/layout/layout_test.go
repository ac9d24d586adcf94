package layout_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/forewrite/forewrite/internal/layout"
	"github.com/forewrite/forewrite/journal/record"
)

func TestContainsOnlyTheJournalDirectory(t *testing.T) {
	t.Parallel()
	_, err := layout.Create(t.TempDir(), "a/.j")
	if !errors.Is(err, fs.ErrNotExist) {
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

func TestOpenRefusesWhatIsNoJournalDirectory(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		prepare func(root string) error
		rel     string
		want    error
	}{
		"nothing there":        {func(string) error { return nil }, "", layout.ErrNoJournal},
		"a file":               {func(root string) error { return os.WriteFile(filepath.Join(root, ".journal"), nil, 0o600) }, "", layout.ErrUnsafe},
		"a link to a journal":  {func(root string) error { return os.Symlink(t.TempDir(), filepath.Join(root, ".journal")) }, "", layout.ErrUnsafe},
		"a link on the way":    {func(root string) error { return os.Symlink(t.TempDir(), filepath.Join(root, "a")) }, "a/.journal", layout.ErrUnsafe},
		"a log that is a link": {linkedLog, "", layout.ErrUnsafe},
		"the root itself":      {func(string) error { return nil }, ".", fs.ErrInvalid},
		"a path out of it":     {func(string) error { return nil }, "../x", fs.ErrInvalid},
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

func linkedLog(root string) error {
	home := filepath.Join(root, ".journal")
	return errors.Join(os.Mkdir(home, 0o700), os.Symlink(root, filepath.Join(home, "log")))
}

func TestCheckOwnerSeesADirectoryThatOthersCanWrite(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "log", "staging", "lost+found"} {
		d, err := layout.Create(t.TempDir(), "")
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
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
	if err := d.WriteFormat(0xc0ffee); err != nil {
		t.Fatal(err)
	}
	if f, err := layout.ReadFormat(d.Home); err != nil || f != (layout.Format{Version: record.Version, ID: 0xc0ffee}) {
		t.Errorf("%+v, %v", f, err)
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
		"":                         layout.ErrFormat,
		"forewrite 0\nid 00\n":     layout.ErrFormat,
		"forewrite 2\n":            layout.ErrFormat,
		"forewrite 2\nid c0ffee\n": layout.ErrFormat,
		"forewrite 99\nanything":   record.ErrVersion,
	} {
		if err := os.WriteFile(d.Path(layout.FormatFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := layout.ReadFormat(d.Home); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", text, err, want)
		}
	}
}
