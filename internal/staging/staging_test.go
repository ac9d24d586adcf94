package staging_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/cespare/xxhash/v2"
	"github.com/forewrite/forewrite/internal/layout"
	"github.com/forewrite/forewrite/internal/staging"
	"github.com/forewrite/forewrite/internal/testenv"
	"github.com/forewrite/forewrite/internal/testtree"
	"github.com/forewrite/forewrite/journal/record"
)

func TestMain(m *testing.M) { testenv.Main(m, nil) }

// open opens the staging directory of a new journal in root.
func open(t *testing.T, root string) *staging.Dir {
	t.Helper()
	dir, err := layout.Create(root, "")
	if err != nil {
		t.Fatal(err)
	}
	s, err := staging.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(s.Close(), dir.Close()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// create makes a file in staging.
func create(s *staging.Dir, name, content string) error {
	file, err := s.Create(name, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteString(content)
	return errors.Join(err, file.Close())
}

func TestANameIsUsedOnce(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	var mu sync.Mutex
	seen := make(map[string]bool)
	var group sync.WaitGroup
	for range 3 { // sessions: what one has left must not be in the way of the next
		s := open(t, root)
		for range 4 {
			group.Go(func() {
				for range 100 {
					name := s.NewName()
					mu.Lock()
					if seen[name] || !fs.ValidPath(name) || strings.Contains(name, "/") {
						t.Errorf("name %q", name)
					}
					seen[name] = true
					mu.Unlock()
				}
			})
		}
	}
	group.Wait()
	s := open(t, root)
	if err := create(s, "x", "first"); err != nil {
		t.Fatal(err)
	}
	if err := create(s, "x", "second"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a name that is taken: %v", err)
	}
}

// TestMoves says what each way into staging and out of it leaves in the tree and in
// staging, where "new" stands for the name that it has chosen.
func TestMoves(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		do    func(s *staging.Dir, root *os.File) (string, error)
		tree  map[string]string
		stage map[string]string
		err   error
	}{
		"LinkIn leaves the file in place": {
			do:    func(s *staging.Dir, _ *os.File) (string, error) { name, _, err := s.LinkIn("d/f"); return name, err },
			tree:  map[string]string{"d": "directory", "d/f": "F"},
			stage: map[string]string{"s": "S", "new": "F"},
		},
		"Clone leaves the file in place": {
			do:    func(s *staging.Dir, _ *os.File) (string, error) { return s.Clone("d/f") },
			tree:  map[string]string{"d": "directory", "d/f": "F"},
			stage: map[string]string{"s": "S", "new": "F"},
		},
		"Clone of nothing": {
			do:    func(s *staging.Dir, _ *os.File) (string, error) { return s.Clone("none") },
			tree:  map[string]string{"d": "directory", "d/f": "F"},
			stage: map[string]string{"s": "S"},
			err:   fs.ErrNotExist,
		},
		"MoveIn takes a whole tree": {
			do:    func(s *staging.Dir, _ *os.File) (string, error) { return s.MoveIn("d") },
			tree:  map[string]string{},
			stage: map[string]string{"s": "S", "new": "directory", "new/f": "F"},
		},
		"MoveIn of nothing": {
			do:    func(s *staging.Dir, _ *os.File) (string, error) { return s.MoveIn("none") },
			tree:  map[string]string{"d": "directory", "d/f": "F"},
			stage: map[string]string{"s": "S"},
			err:   fs.ErrNotExist,
		},
		"Link gives a second name": {
			do:    func(s *staging.Dir, _ *os.File) (string, error) { return "new", s.Link("s", "new") },
			tree:  map[string]string{"d": "directory", "d/f": "F"},
			stage: map[string]string{"s": "S", "new": "S"},
		},
		"Link onto a name that is taken": {
			do: func(s *staging.Dir, _ *os.File) (string, error) {
				return "new", errors.Join(create(s, "new", "N"), s.Link("s", "new"))
			},
			tree:  map[string]string{"d": "directory", "d/f": "F"},
			stage: map[string]string{"s": "S", "new": "N"},
			err:   fs.ErrExist,
		},
		"MoveOut replaces a file": {
			do: func(s *staging.Dir, root *os.File) (string, error) {
				return "", errors.Join(s.MoveOut("s", root, "g"), create(s, "t", "T"), s.MoveOut("t", root, "g"))
			},
			tree:  map[string]string{"d": "directory", "d/f": "F", "g": "T"},
			stage: map[string]string{},
		},
		"Remove removes a tree": {
			do: func(s *staging.Dir, _ *os.File) (string, error) {
				name, err := s.MoveIn("d")
				return "", errors.Join(err, s.Remove(name), s.Remove("s"), s.Remove("none"))
			},
			tree:  map[string]string{},
			stage: map[string]string{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			s := open(t, root)
			if err := errors.Join(os.Mkdir(filepath.Join(root, "d"), 0o755),
				os.WriteFile(filepath.Join(root, "d", "f"), []byte("F"), 0o644), create(s, "s", "S")); err != nil {
				t.Fatal(err)
			}
			handle, err := os.Open(root)
			if err != nil {
				t.Fatal(err)
			}
			defer handle.Close()
			made, err := tt.do(s, handle)
			if !errors.Is(err, tt.err) {
				t.Fatalf("%v, want %v", err, tt.err)
			}
			stage := make(map[string]string)
			for p, content := range contents(t, filepath.Join(root, filepath.FromSlash(s.Path("")))) {
				if p == made || strings.HasPrefix(p, made+"/") {
					p = "new" + strings.TrimPrefix(p, made)
				}
				stage[p] = content
			}
			if d := testtree.Diff(stage, tt.stage); d != "" {
				t.Errorf("in staging:\n%s", d)
			}
			if d := testtree.Diff(contents(t, root), tt.tree); d != "" {
				t.Errorf("in the tree:\n%s", d)
			}
		})
	}
}

// contents says what is below dir, without the journal.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := make(map[string]string)
	for p, n := range testtree.Of(t, dir, layout.DefaultDir) {
		all[p] = n.Data
		if n.Mode.IsDir() {
			all[p] = "directory"
		}
	}
	return all
}

// The log will have name, size and hash of what was written, and nothing of it else.
func TestWriterDescribesWhatItWrote(t *testing.T) {
	t.Parallel()
	for name, parts := range map[string][]string{
		"nothing": nil, "an empty part": {""}, "one part": {"abc"}, "several parts": {"a", "", "bc", strings.Repeat("x", 1<<17)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, t.TempDir())
			w, err := s.NewWriter()
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range parts {
				if n, err := w.Write([]byte(p)); n != len(p) || err != nil {
					t.Fatalf("%d, %v", n, err)
				}
			}
			got, err := w.Finish()
			if err := errors.Join(err, w.Close(), w.Close()); err != nil {
				t.Fatal(err)
			}
			all := strings.Join(parts, "")
			if got.Kind != record.PayloadStaged || got.Name != w.Name || got.Size != int64(len(all)) || got.Hash != xxhash.Sum64String(all) {
				t.Errorf("%+v for %d bytes in %s", got, len(all), w.Name)
			}
			if data, err := s.Root.ReadFile(w.Name); err != nil || string(data) != all {
				t.Errorf("%d bytes in the file, %v", len(data), err)
			}
			if _, err := w.Write([]byte("more")); !errors.Is(err, fs.ErrClosed) {
				t.Errorf("Write after Finish: %v", err)
			}
			if _, err := w.Finish(); !errors.Is(err, fs.ErrClosed) {
				t.Errorf("Finish again: %v", err)
			}
		})
	}
}

// Where Reserve takes space, the content that it was taken for fills it.
func TestReserveLeavesRoomForTheContentAndNoMore(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	for _, size := range []int{0, 1, 1 << 16} {
		name := s.NewName()
		file, err := s.Create(name, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		content := strings.Repeat("x", size)
		err = s.Reserve(file, int64(size))
		_, writeErr := file.WriteString(content)
		if err := errors.Join(err, writeErr, file.Close()); err != nil {
			t.Fatal(err)
		}
		if data, err := s.Root.ReadFile(name); err != nil || string(data) != content {
			t.Errorf("%d bytes, %v; want %d", len(data), err, size)
		}
	}
}
