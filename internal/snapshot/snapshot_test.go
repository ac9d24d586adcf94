package snapshot_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/internal/layout"
	"github.com/forewrite/forewrite/internal/snapshot"
	"github.com/forewrite/forewrite/journal/record"
)

// place is a tree that commits change, and its snapshots.
type place struct {
	*testing.T
	root  string
	files *apply.Files
	store *snapshot.Store
	seq   uint64 // of the last commit
}

func newPlace(t *testing.T) *place {
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
	return &place{T: t, root: root, files: files, store: snapshot.NewStore(files)}
}

// commit makes the changes one commit: "f=text" a file, "f>target" a link, "d/" a
// directory, "-f" a removal, "--d" that of a tree.
func (p *place) commit(changes ...string) {
	p.Helper()
	var set apply.Set
	for _, c := range changes {
		set.Add(intent(c))
	}
	p.seq++
	for _, c := range set.Changes() {
		if err := p.files.Prepare(c, apply.Predecessor{}); err != nil {
			p.Fatal(err)
		}
	}
	preserve := p.store.BeginApply()
	defer p.store.EndApply(p.seq)
	for _, s := range set.Steps() {
		if preserve {
			if err := p.store.Preserve(p.seq, s); err != nil {
				p.Fatalf("preserve %s: %v", s.Path, err)
			}
		}
		if err := p.files.Execute(s); err != nil {
			p.Fatal(err)
		}
	}
}

func intent(c string) record.Intent {
	if p, text, ok := strings.Cut(c, "="); ok {
		return record.Intent{Op: record.OpPut, Path: p, Mode: 0o644, Payload: record.Inline([]byte(text))}
	}
	if p, target, ok := strings.Cut(c, ">"); ok {
		return record.Intent{Op: record.OpSymlink, Path: p, Mode: 0o777, Payload: record.Inline([]byte(target))}
	}
	if p, ok := strings.CutSuffix(c, "/"); ok {
		return record.Intent{Op: record.OpMkdir, Path: p, Mode: 0o755}
	}
	if p, ok := strings.CutPrefix(c, "--"); ok {
		return record.Intent{Op: record.OpRemoveAll, Path: p}
	}
	return record.Intent{Op: record.OpRemove, Path: c[1:]}
}

// show says what a snapshot has at a path, in the words of commit.
func (p *place) show(s *snapshot.Snapshot, name string) string {
	p.Helper()
	v, rest, ok := s.Find(name)
	if !ok {
		return "as on disk"
	}
	if rest != "" {
		var err error
		if v, err = v.At(p.files.Staging, rest); err != nil {
			p.Fatal(err)
		}
	}
	switch {
	case !v.Exists:
		return "nothing"
	case v.Mode.IsDir():
		return "directory"
	case v.Mode&fs.ModeSymlink != 0:
		return ">" + v.Target
	}
	data, err := p.files.Staging.Root.ReadFile(v.Staged)
	if err != nil || v.Size != int64(len(data)) || v.MTime.IsZero() {
		p.Errorf("%s: %d bytes of %d, modified at %v: %v", name, len(data), v.Size, v.MTime, err)
	}
	return "=" + string(data)
}

// left returns how many versions are in staging.
func (p *place) left() int {
	p.Helper()
	entries, err := os.ReadDir(filepath.Join(p.root, filepath.FromSlash(p.files.Staging.Path(""))))
	if err != nil {
		p.Fatal(err)
	}
	return len(entries)
}

// TestASnapshotShowsWhatWas says what a snapshot shows after commits, and how much of it
// takes space.
func TestASnapshotShowsWhatWas(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		before []string
		after  [][]string
		want   map[string]string
		staged int
	}{
		"nothing happens": {[]string{"f=1"}, nil, map[string]string{"f": "as on disk", "none": "as on disk"}, 0},
		"replaced":        {[]string{"f=1", "g=1"}, [][]string{{"f=2"}}, map[string]string{"f": "=1", "g": "as on disk"}, 1},
		"replaced twice":  {[]string{"f=1"}, [][]string{{"f=2"}, {"f=3"}}, map[string]string{"f": "=1"}, 1},
		"made":            {nil, [][]string{{"f=1"}}, map[string]string{"f": "nothing"}, 0},
		"made, replaced":  {nil, [][]string{{"f=1"}, {"f=2"}}, map[string]string{"f": "nothing"}, 0},
		"removed":         {[]string{"f=1"}, [][]string{{"-f"}}, map[string]string{"f": "=1"}, 1},
		"removed, made":   {[]string{"f=1"}, [][]string{{"-f"}, {"f/", "f/x=1"}}, map[string]string{"f": "=1", "f/x": "nothing"}, 1},
		"a link":          {[]string{"f>t"}, [][]string{{"f=1"}}, map[string]string{"f": ">t"}, 0},
		"a directory":     {[]string{"d/"}, [][]string{{"-d"}}, map[string]string{"d": "directory"}, 0},
		"a directory, one by one": {
			[]string{"d/", "d/f=1"},
			[][]string{{"-d/f", "-d"}},
			map[string]string{"d": "directory", "d/f": "=1", "d/none": "as on disk"}, 1,
		},
		"a tree": {
			[]string{"d/", "d/e/", "d/e/f=1", "d/l>t", "d-e=1"},
			[][]string{{"--d"}},
			map[string]string{"d": "directory", "d/e": "directory", "d/e/f": "=1", "d/l": ">t", "d/none": "nothing", "d-e": "as on disk"}, 1,
		},
		"a tree, made again": {
			[]string{"d/", "d/f=1"},
			[][]string{{"--d"}, {"d/", "d/f=2", "d/g=2"}, {"d/f=3", "-d/g"}, {"--d"}},
			map[string]string{"d": "directory", "d/f": "=1", "d/g": "nothing"}, 1,
		},
		"a tree, made again at once": {
			[]string{"d/", "d/f=1"},
			[][]string{{"--d", "d/", "d/f=2"}},
			map[string]string{"d": "directory", "d/f": "=1"}, 1,
		},
		"a file, and then its tree": {
			[]string{"d/", "d/f=1", "d/g=1"},
			[][]string{{"d/f=2", "-d/g", "d/n=2"}, {"--d"}},
			map[string]string{"d": "directory", "d/f": "=1", "d/g": "=1", "d/n": "nothing"}, 3,
		},
		"a tree in a tree": {
			[]string{"d/", "d/e/", "d/e/f=1", "d/g=1"},
			[][]string{{"--d/e"}, {"d/e/", "d/e/f=2"}, {"--d"}},
			map[string]string{"d/e": "directory", "d/e/f": "=1", "d/g": "=1"}, 2,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			p.commit(tt.before...)
			s := p.store.Open()
			for _, changes := range tt.after {
				p.commit(changes...)
			}
			for path, want := range tt.want {
				if got := p.show(s, path); got != want {
					t.Errorf("%s: %s, want %s", path, got, want)
				}
			}
			if got := p.left(); got != tt.staged {
				t.Errorf("%d versions are in staging, want %d", got, tt.staged)
			}
			if s.Closed() {
				t.Error("it is closed")
			}
			s.Close()
			s.Close()
			if got := p.left(); got != 0 || !s.Closed() {
				t.Errorf("%d are left after Close, closed: %v", got, s.Closed())
			}
		})
	}
}

// Snapshots of different commits see different versions, and each version stays until
// the last of those that need it is closed, in whatever order that happens.
func TestAVersionStaysAsLongAsItIsNeeded(t *testing.T) {
	t.Parallel()
	const commits = 4
	for _, order := range [][]int{{0, 1, 2, 3}, {3, 2, 1, 0}, {1, 3, 0, 2}, {2, 0, 3, 1}} {
		p := newPlace(t)
		var open []*snapshot.Snapshot
		for n := range commits {
			p.commit(fmt.Sprint("f=", n), fmt.Sprint("once", n, "="))
			open = append(open, p.store.Open(), p.store.Open()) // two of each
		}
		p.commit("f=last")
		if got := p.left(); got != commits {
			t.Errorf("%d versions, want %d", got, commits)
		}
		for closed, n := range order {
			for twice := range 2 {
				open[2*n+twice].Close()
				for n, s := range open {
					if want := fmt.Sprint("=", n/2); !s.Closed() && p.show(s, "f") != want {
						t.Fatalf("close in the order %v: snapshot %d shows %s, want %s", order, n/2, p.show(s, "f"), want)
					}
				}
			}
			if got := p.left(); closed == commits-1 && got != 0 {
				t.Errorf("close in the order %v: %d versions are left", order, got)
			}
		}
	}
}

func TestWhatNoSnapshotShowsIsNotPreserved(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.commit("f=1")
	p.commit("f=2")
	s := p.store.Open()
	s.Close()
	p.commit("f=3", "d/", "d/f=3")
	p.commit("--d")
	if got := p.left(); got != 0 {
		t.Errorf("%d versions", got)
	}
	if preserve := p.store.BeginApply(); preserve {
		t.Error("BeginApply wants versions preserved, without a snapshot")
	}
	p.store.EndApply(p.seq)
}

func TestNamesAreThoseWithVersions(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.commit("d/", "d/a=1", "d/b=1", "d/c=1", "r=1")
	s := p.store.Open()
	defer s.Close()
	p.commit("d/a=2", "-d/b", "d/n=2", "r=2")
	later := p.store.Open()
	for dir, want := range map[string][]string{"d": {"a", "b", "n"}, ".": {"r"}, "none": nil} {
		got := s.Names(dir)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", dir, got, want)
		}
	}
	s.Close()
	if got := later.Names("d"); len(got) != 0 {
		t.Errorf("when no snapshot needs them any more: %q", got)
	}
	later.Close()
}

func TestNamesOfATree(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.commit("d/", "d/a=1", "d/e/")
	s := p.store.Open()
	defer s.Close()
	p.commit("--d")
	v, _, ok := s.Find("d")
	names, err := v.Names(p.files.Staging)
	slices.Sort(names)
	if !ok || err != nil || !slices.Equal(names, []string{"a", "e"}) {
		t.Errorf("%q, %v, %v", names, ok, err)
	}
	p.commit("d/", "d/a=2", "d/n=2")
	if names := s.Names("d"); len(names) != 0 {
		t.Errorf("what is made where the tree was has versions: %q", names)
	}
}

// The tree that was there when a snapshot was opened hides the versions that later
// snapshots need of what was made in its place.
func TestEachSnapshotShowsItsOwnTree(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	var open []*snapshot.Snapshot
	for n := range 4 {
		p.commit("--d", "d/", fmt.Sprint("d/f=", n), fmt.Sprint("d/only", n, "="))
		open = append(open, p.store.Open())
		if n%2 == 1 { // then d/f has a version of its own, younger than the tree before
			p.commit(fmt.Sprint("d/f=", n, " replaced"))
		}
	}
	p.commit("--d")
	for n, s := range open {
		if got, want := p.show(s, "d/f"), fmt.Sprint("=", n); got != want {
			t.Errorf("snapshot %d shows %s, want %s", n, got, want)
		}
		for other := range open {
			want := "nothing"
			if other == n {
				want = "="
			}
			if got := p.show(s, fmt.Sprint("d/only", other)); got != want {
				t.Errorf("snapshot %d shows %s at d/only%d, want %s", n, got, other, want)
			}
		}
	}
	p.store.CloseAll()
	if got := p.left(); got != 0 {
		t.Errorf("%d versions are left", got)
	}
}

// A snapshot never begins in the middle of a group.
func TestOpenWaitsUntilTheGroupIsApplied(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.commit("f=1")
	p.store.BeginApply()
	opened := make(chan *snapshot.Snapshot)
	go func() { opened <- p.store.Open() }()
	select {
	case <-opened:
		t.Fatal("a snapshot was opened while a group is applied")
	case <-time.After(20 * time.Millisecond):
	}
	p.seq++
	p.store.EndApply(p.seq)
	s := <-opened
	defer s.Close()
	p.commit("f=2")
	if got := p.show(s, "f"); got != "=1" {
		t.Errorf("%s", got)
	}
}

func TestCloseAllClosesEverySnapshot(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.commit("f=1")
	a, b := p.store.Open(), p.store.Open()
	p.commit("f=2")
	a.Close()
	p.store.CloseAll()
	if got := p.left(); got != 0 || !b.Closed() {
		t.Errorf("%d versions are left, closed: %v", got, b.Closed())
	}
}

// What another program has removed, or put behind a link, is not preserved.
func TestPreserveOfWhatIsNotThere(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.commit("d/", "d/f=1", "g=1")
	s := p.store.Open()
	defer s.Close()
	if err := errors.Join(os.Rename(filepath.Join(p.root, "d"), filepath.Join(p.root, "e")),
		os.Symlink("e", filepath.Join(p.root, "d")), os.Remove(filepath.Join(p.root, "g"))); err != nil {
		t.Fatal(err)
	}
	p.commit("-d/f", "--g")
	if got := p.show(s, "d/f"); got != "as on disk" {
		t.Errorf("behind a link: %s", got)
	}
	if got := p.show(s, "g"); got != "nothing" {
		t.Errorf("removed: %s", got)
	}
	if data, err := os.ReadFile(filepath.Join(p.root, "e", "f")); err != nil || string(data) != "1" {
		t.Errorf("behind the link: %q, %v", data, err)
	}
	if got := p.left(); got != 0 {
		t.Errorf("%d versions", got)
	}
}
