package overlay_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/internal/layout"
	"github.com/forewrite/forewrite/internal/overlay"
	"github.com/forewrite/forewrite/journal/record"
)

// place is a tree with a journal directory.
type place struct {
	root  string
	dir   *layout.Dir
	files *apply.Files
}

// newPlace makes the directories and files that are named, a directory with a slash at
// its end.
func newPlace(t *testing.T, names ...string) place {
	t.Helper()
	root := t.TempDir()
	dir, err := layout.Create(root, "")
	if err != nil {
		t.Fatal(err)
	}
	files, err := apply.NewFiles(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(files.Close(), dir.Close()); err != nil {
			t.Error(err)
		}
	})
	p := place{root, dir, files}
	for _, name := range names {
		if name[len(name)-1] == '/' {
			err = os.Mkdir(filepath.Join(root, name), 0o755)
		} else {
			err = os.WriteFile(p.path(name), []byte("on disk"), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func (p place) path(name string) string { return filepath.Join(p.root, filepath.FromSlash(name)) }

func (p place) tree(inFlight *overlay.InFlight, own *apply.Set) *overlay.Tree {
	return overlay.NewTxTree(p.dir, overlay.Disk{Files: p.files}, inFlight, own, time.Unix(1, 0))
}

// TestChangesHideWhatIsBelow: for one path, what is on disk, in flight and the
// transaction's own, and what the transaction sees.
func TestChangesHideWhatIsBelow(t *testing.T) {
	t.Parallel()
	op := func(o record.Op, p string) []*apply.Change { return []*apply.Change{change(o, p)} }
	for name, tt := range map[string]struct {
		inFlight, own []*apply.Change
		path          string
		source        overlay.Source
		mode          fs.FileMode
	}{
		"on disk":               {nil, nil, "d/f", overlay.SourceDisk, 0o600},
		"nothing":               {nil, nil, "d/none", overlay.SourceNone, 0},
		"in flight":             {op(record.OpPut, "d/f"), nil, "d/f", overlay.SourceInFlight, 0o644},
		"own":                   {op(record.OpPut, "d/f"), op(record.OpPut, "d/f"), "d/f", overlay.SourceOwn, 0o644},
		"removed in flight":     {op(record.OpRemove, "d/f"), nil, "d/f", overlay.SourceNone, 0},
		"made again":            {op(record.OpRemove, "d/f"), op(record.OpPut, "d/f"), "d/f", overlay.SourceOwn, 0o644},
		"its tree is removed":   {op(record.OpRemoveAll, "d"), nil, "d/f", overlay.SourceNone, 0},
		"in a tree it removes":  {op(record.OpPut, "d/f"), op(record.OpRemoveAll, "d"), "d/f", overlay.SourceNone, 0},
		"mode in flight":        {op(record.OpChmod, "d/f"), nil, "d/f", overlay.SourceDisk, 0o644},
		"own mode":              {op(record.OpPut, "d/f"), op(record.OpChmod, "d/f"), "d/f", overlay.SourceInFlight, 0o644},
		"mode of a directory":   {op(record.OpChmod, "d"), nil, "d", overlay.SourceDisk, fs.ModeDir | 0o644},
		"below one with a mode": {op(record.OpChmod, "d"), nil, "d/f", overlay.SourceDisk, 0o600},
		"mode of nothing":       {op(record.OpChmod, "d/none"), nil, "d/none", overlay.SourceNone, 0},
		"a directory":           {op(record.OpMkdir, "n"), nil, "n", overlay.SourceInFlight, fs.ModeDir | 0o644},
		"below a new directory": {op(record.OpMkdir, "n"), nil, "n/f", overlay.SourceNone, 0},
		"a link":                {nil, op(record.OpSymlink, "n"), "n", overlay.SourceOwn, fs.ModeSymlink | 0o777},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, "d/", "d/f")
			var inFlight overlay.InFlight
			inFlight.Publish(1, tt.inFlight)
			var own apply.Set
			for _, c := range tt.own {
				own.Add(c.Intent)
			}
			e, err := p.tree(&inFlight, &own).Lstat(tt.path)
			if err != nil || e.Source != tt.source || e.Mode != tt.mode {
				t.Errorf("source %d, mode %v, %v; want source %d, mode %v", e.Source, e.Mode, err, tt.source, tt.mode)
			}
		})
	}
}

func TestReadDirShowsEachNameOnce(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "d/", "d/a", "d/b", "d/c")
	for name, tt := range map[string]struct {
		inFlight []*apply.Change
		dir      string
		want     []string
	}{
		"on disk":              {nil, "d", []string{"a", "b", "c"}},
		"replaced and removed": {[]*apply.Change{change(record.OpPut, "d/a"), change(record.OpRemove, "d/b"), newFile("d/n")}, "d", []string{"a", "c", "n"}},
		"removed as a whole":   {[]*apply.Change{change(record.OpRemoveAll, "d")}, "d", nil},
		"removed, made again":  {[]*apply.Change{change(record.OpRemoveAll, "d"), change(record.OpMkdir, "d"), newFile("d/n")}, "d", []string{"n"}},
		"without the journal":  {[]*apply.Change{newFile("n")}, ".", []string{"d", "n"}},
	} {
		var inFlight overlay.InFlight
		for n, c := range tt.inFlight {
			inFlight.Publish(uint64(n+1), []*apply.Change{c})
		}
		infos, err := p.tree(&inFlight, new(apply.Set)).ReadDir(tt.dir)
		var got []string
		for _, i := range infos {
			got = append(got, i.Name())
		}
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, %v, want %q", name, got, err, tt.want)
		}
	}
}

// moving is a change of the name f, which is applied as soon as somebody has read either
// the changes or the layer below them.
type moving struct{ applied bool }

func (m *moving) names(here bool) (names []string) {
	if here {
		names = []string{"f"}
	}
	m.applied = true
	return names
}

// movingSet has the change until it is applied.
type movingSet struct{ *moving }

func (s movingSet) Lookup(string) (*apply.Change, bool) { return nil, false }
func (s movingSet) Names(string) ([]string, bool)       { return s.names(!s.applied), false }

// movingLayer has the file from then on.
type movingLayer struct {
	overlay.Layer
	*moving
}

func (l movingLayer) Names(string) ([]string, error) { return l.names(l.applied), nil }

func TestAChangeThatIsAppliedMeanwhileIsListed(t *testing.T) {
	t.Parallel()
	m := new(moving)
	l := overlay.Changes{Set: movingSet{m}, Source: overlay.SourceInFlight, Below: movingLayer{moving: m}}
	if names, err := l.Names("."); !slices.Contains(names, "f") || err != nil {
		t.Errorf("%q, %v", names, err)
	}
}

// A large file in flight is put into place between its lookup and its opening.
func TestOpenFindsWhatWasPutIntoPlaceMeanwhile(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	file, err := p.files.Staging.Create("s", 0o600)
	if err != nil {
		t.Fatal(err)
	}
	_, err = file.WriteString("staged")
	if err := errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
	var inFlight overlay.InFlight
	changes := []*apply.Change{staged("f", "s")}
	inFlight.Publish(1, changes)
	tree := p.tree(&inFlight, new(apply.Set))
	e, err := tree.Lstat("f")
	if err != nil {
		t.Fatal(err)
	}
	read := func() (string, error) {
		r, err := tree.Open("f", e)
		if err != nil {
			return "", err
		}
		defer r.Close()
		data, err := io.ReadAll(r)
		return string(data), err
	}
	if got, err := read(); got != "staged" || err != nil {
		t.Errorf("in flight: %q, %v", got, err)
	}
	if err := os.Rename(p.path(p.files.Staging.Path("s")), p.path("f")); err != nil {
		t.Fatal(err)
	}
	inFlight.Applied(1, changes)
	if got, err := read(); got != "staged" || err != nil {
		t.Errorf("in place: %q, %v", got, err)
	}
	if err := os.Remove(p.path("f")); err != nil {
		t.Fatal(err)
	}
	if got, err := read(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("removed: %q, %v", got, err)
	}
}

func TestResolveFollowsLinksWithinTheRoot(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "d/", "d/sub/", "d/sub/f", "f")
	for link, target := range map[string]string{
		"to-f": "f", "to-d": "d/sub/", "d/up": "../f", "d/sub/top": "../..", "dangling": "none",
		"out": "..", "d/out": "../../x", "absolute": "/", "absolute-d": "/d/sub", "loop": "loop", "journal": ".journal/log", "chain": "to-d/top/to-d",
	} {
		if err := os.Symlink(target, p.path(link)); err != nil {
			t.Fatal(err)
		}
	}
	for name, tt := range map[string]struct {
		follow bool
		want   string
		linked bool
		err    error
	}{
		"f":                {true, "f", false, nil},
		"none":             {true, "none", false, nil},
		"d/sub/f":          {true, "d/sub/f", false, nil},
		"to-f":             {true, "f", true, nil},
		"to-d":             {false, "to-d", false, nil},
		"to-d/f":           {false, "d/sub/f", true, nil},
		"d/up":             {true, "f", true, nil},
		"to-d/top":         {true, ".", true, nil},
		"to-d/top/f":       {true, "f", true, nil},
		"chain/f":          {true, "d/sub/f", true, nil},
		"dangling":         {true, "none", true, nil},
		"dangling/x":       {true, "", true, fs.ErrNotExist},
		"none/x":           {true, "", false, fs.ErrNotExist},
		"f/x":              {true, "", false, syscall.ENOTDIR},
		"to-f/x":           {true, "", true, syscall.ENOTDIR},
		"loop":             {true, "", true, syscall.ELOOP},
		"out/x":            {true, "", true, fs.ErrInvalid},
		"d/out":            {true, "", true, fs.ErrInvalid},
		"absolute/x":       {true, "", true, fs.ErrInvalid},
		"absolute-d/f":     {true, "", true, fs.ErrInvalid},
		"journal/x":        {true, "", true, fs.ErrInvalid},
		".journal":         {false, "", false, fs.ErrInvalid},
		".journal/staging": {false, "", false, fs.ErrInvalid},
		".":                {true, "", false, fs.ErrInvalid},
		"../x":             {true, "", false, fs.ErrInvalid},
		"/f":               {true, "", false, fs.ErrInvalid},
		"d//sub":           {true, "", false, fs.ErrInvalid},
		"":                 {true, "", false, fs.ErrInvalid},
	} {
		tree := p.tree(new(overlay.InFlight), new(apply.Set))
		got, e, err := tree.Resolve(name, tt.follow)
		linked := tree.FollowedLink
		if got != tt.want || linked != tt.linked || !errors.Is(err, tt.err) {
			t.Errorf("%q: %q, linked: %v, %v", name, got, linked, err)
		}
		if _, statErr := os.Lstat(p.path(tt.want)); tt.err == nil && e.Exists() != (statErr == nil) {
			t.Errorf("%q: exists: %v", name, e.Exists())
		}
	}
}

func TestResolveFollowsFortyLinksAndNoMore(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "0")
	const most = 40
	for n := range most + 1 {
		if err := os.Symlink(fmt.Sprint(n), p.path(fmt.Sprint(n+1))); err != nil {
			t.Fatal(err)
		}
	}
	tree := p.tree(new(overlay.InFlight), new(apply.Set))
	if got, _, err := tree.Resolve(fmt.Sprint(most), true); got != "0" || err != nil {
		t.Errorf("%d links: %q, %v", most, got, err)
	}
	if got, _, err := tree.Resolve(fmt.Sprint(most+1), true); !errors.Is(err, syscall.ELOOP) {
		t.Errorf("%d links: %q, %v", most+1, got, err)
	}
}

// What ReadAll returns belongs to the caller.
func TestReadAllOfAChangeIsACopy(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	var inFlight overlay.InFlight
	inFlight.Publish(1, []*apply.Change{newFile("f")})
	tree := p.tree(&inFlight, new(apply.Set))
	for range 2 {
		e, err := tree.Lstat("f")
		if err != nil {
			t.Fatal(err)
		}
		data, err := tree.ReadAll("f", e)
		if string(data) != "content of f" || err != nil {
			t.Fatalf("%q, %v", data, err)
		}
		clear(data)
	}
}

func TestReadSizedReadsToTheEndWhateverTheSize(t *testing.T) {
	t.Parallel()
	for _, size := range []int64{-1, 0, 1, 9, 10, 11, 1 << 20} {
		data, err := overlay.ReadSized(&slow{"0123456789"}, size)
		if string(data) != "0123456789" || err != nil {
			t.Errorf("size %d: %q, %v", size, data, err)
		}
	}
	broken := errors.New("broken")
	if _, err := overlay.ReadSized(io.MultiReader(&slow{"01"}, failing{broken}), 10); err != broken {
		t.Errorf("%v", err)
	}
}

// slow gives three bytes at a time.
type slow struct{ rest string }

func (s *slow) Read(p []byte) (int, error) {
	if s.rest == "" {
		return 0, io.EOF
	}
	n := copy(p, s.rest[:min(3, len(s.rest))])
	s.rest = s.rest[n:]
	return n, nil
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
