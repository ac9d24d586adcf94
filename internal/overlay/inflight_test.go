package overlay_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/internal/overlay"
	"github.com/forewrite/forewrite/journal/record"
)

// change returns the change that an operation makes. A put replaces a file that is
// there.
func change(op record.Op, p string) *apply.Change {
	i := record.Intent{Op: op, Path: p, Mode: 0o644}
	if op == record.OpPut {
		i.Payload = record.Inline([]byte("content of " + p))
		i.Replaced = record.Replaced{Kind: record.ReplacedFile}
	}
	return &apply.Change{Intent: i}
}

// newFile returns the change that makes a file where nothing is.
func newFile(p string) *apply.Change {
	c := change(record.OpPut, p)
	c.Replaced = record.Replaced{Kind: record.ReplacedNothing}
	return c
}

// staged returns a put of a file whose content is in staging.
func staged(p, name string) *apply.Change {
	c := change(record.OpPut, p)
	c.Payload = record.Payload{Kind: record.PayloadStaged, Name: name, Size: 6}
	return c
}

func TestInFlightShowsTheLastChangeUntilThatIsApplied(t *testing.T) {
	t.Parallel()
	var f overlay.InFlight
	one := []*apply.Change{change(record.OpPut, "d/a"), change(record.OpPut, "d/b")}
	two := []*apply.Change{change(record.OpRemove, "d/a"), change(record.OpPut, "d/c")}
	for _, step := range []struct {
		name  string
		do    func()
		a     string // operation in flight at d/a
		names []string
	}{
		{"nothing", func() {}, "", nil},
		{"publish 1", func() { f.Publish(1, one) }, "put", []string{"a", "b"}},
		{"publish 2", func() { f.Publish(2, two) }, "remove", []string{"a", "b", "c"}},
		{"1 is applied", func() { f.Applied(1, one) }, "remove", []string{"a", "c"}},
		{"2 is applied", func() { f.Applied(2, two) }, "", nil},
		{"publish 3", func() { f.Publish(3, one) }, "put", []string{"a", "b"}},
		{"reset", f.Reset, "", nil},
		{"publish 4", func() { f.Publish(4, two[1:]) }, "", []string{"c"}},
	} {
		step.do()
		got := ""
		if c, gone := f.Lookup("d/a"); c != nil {
			got = c.Op.String()
			if gone != !c.Exists() {
				t.Errorf("%s: gone is %v", step.name, gone)
			}
		}
		names, whole := f.Names("d")
		slices.Sort(names)
		if got != step.a || !slices.Equal(names, step.names) || whole || f.Len() != len(step.names) {
			t.Errorf("%s: %q at d/a, names %q of the whole: %v, length %d", step.name, got, names, whole, f.Len())
		}
	}
}

func TestStructureChangedSaysWhetherAPathMayLeadElsewhere(t *testing.T) {
	t.Parallel()
	const same = false
	for name, tt := range map[string]struct {
		since func(f *overlay.InFlight) // what happens after Structure was asked
		path  string
		want  bool
	}{
		"nothing":                     {func(*overlay.InFlight) {}, "a", same},
		"a file is replaced":          {publish(change(record.OpPut, "a")), "a", same},
		"a file is made":              {publish(newFile("a")), "a", true},
		"beside it":                   {publish(newFile("a")), "b", same},
		"a longer name":               {publish(newFile("a")), "ab", same},
		"a shorter name":              {publish(newFile("ab")), "a", same},
		"a file where a directory is": {publish(newFile("a")), "a/b/c", true},
		"below the path":              {publish(newFile("a/b")), "a", same},
		"a directory":                 {publish(change(record.OpMkdir, "a")), "a/b", true},
		"a link":                      {publish(change(record.OpSymlink, "a")), "a/b", true},
		"a removal":                   {publish(change(record.OpRemove, "a")), "a", true},
		"a tree is removed":           {publish(change(record.OpRemoveAll, "a")), "a/b", true},
		"several, it is the first":    {publish(newFile("a"), newFile("x"), newFile("y")), "a", true},
		"several, it is the last":     {publish(newFile("x"), newFile("y"), newFile("a")), "a", true},
		"what is applied again":       {applied(newFile("a")), "a", true},
		"all is dropped":              {(*overlay.InFlight).Reset, "a", true},
		"dropped, and then others": {func(f *overlay.InFlight) {
			f.Reset()
			publish(many(5000)...)(f)
		}, "a", true},
		"long ago": {func(f *overlay.InFlight) {
			publish(newFile("a"))(f)
			publish(many(20_000)...)(f)
		}, "a", true},
		"many others": {publish(many(4000)...), "a", same},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, before := range []int{0, 1, 5000, 9000} {
				var f overlay.InFlight
				publish(many(before)...)(&f)
				publish(newFile(tt.path))(&f) // before: it does not count
				since := f.Structure()
				tt.since(&f)
				if got := f.StructureChanged(since, []string{"other", tt.path}); got != tt.want {
					t.Errorf("after %d earlier ones: %v", before, got)
				}
			}
		})
	}
}

// However many changes are remembered when all is dropped, they say nothing about what
// was found before.
func TestAfterResetAnyPathMayLeadElsewhere(t *testing.T) {
	t.Parallel()
	for _, before := range []int{0, 4095, 4096, 4097, 8191, 8192, 8193, 12_288} {
		var f overlay.InFlight
		publish(many(before)...)(&f)
		since := f.Structure()
		f.Reset()
		if !f.StructureChanged(since, []string{"a"}) {
			t.Errorf("after %d changes: not changed", before)
		}
	}
}

func publish(changes ...*apply.Change) func(*overlay.InFlight) {
	return func(f *overlay.InFlight) { f.Publish(7, changes) }
}

func applied(changes ...*apply.Change) func(*overlay.InFlight) {
	return func(f *overlay.InFlight) {
		f.Publish(7, changes)
		f.Applied(7, changes)
	}
}

func many(n int) (changes []*apply.Change) {
	for i := range n {
		changes = append(changes, newFile(fmt.Sprint("many/", i)))
	}
	return changes
}

// What a record says that it replaces must be what this session has put there.
func TestWrittenKnowsWhatWasPutIntoPlace(t *testing.T) {
	t.Parallel()
	content := record.Inline([]byte("content of a"))
	version := record.Replaced{Kind: record.ReplacedVersion, Size: content.Size, Hash: content.Hash}
	for name, tt := range map[string]struct {
		changes []*apply.Change
		want    record.Replaced
	}{
		"nothing":             {nil, record.Replaced{}},
		"a file":              {[]*apply.Change{change(record.OpPut, "a")}, version},
		"another":             {[]*apply.Change{change(record.OpPut, "b")}, record.Replaced{}},
		"its mode is changed": {[]*apply.Change{change(record.OpPut, "a"), change(record.OpChmod, "a")}, version},
		"it is removed":       {[]*apply.Change{change(record.OpPut, "a"), change(record.OpRemove, "a")}, record.Replaced{}},
		"a link is put there": {[]*apply.Change{change(record.OpPut, "a"), change(record.OpSymlink, "a")}, record.Replaced{}},
		"a large file":        {[]*apply.Change{change(record.OpPut, "a"), staged("a", "s")}, record.Replaced{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var f overlay.InFlight
			for _, c := range tt.changes {
				f.Publish(1, []*apply.Change{c})
				if r, _ := f.Written("c"); r != (record.Replaced{}) {
					t.Errorf("before it is applied: %+v", r)
				}
				f.Applied(1, []*apply.Change{c})
			}
			if r, ok := f.Written("a"); r != tt.want || ok != (tt.want != record.Replaced{}) {
				t.Errorf("%+v, %v, want %+v", r, ok, tt.want)
			}
		})
	}
}

func TestWrittenDoesNotGrowWithoutBound(t *testing.T) {
	t.Parallel()
	var f overlay.InFlight
	const bound = 16 << 10
	name := func(n int) string { return fmt.Sprint("f", n) }
	for n := range bound + 1000 {
		f.Applied(1, []*apply.Change{change(record.OpPut, name(n))})
		if _, ok := f.Written(name(n)); !ok {
			t.Fatalf("the last of %d files is not known", n+1)
		}
	}
	known := 0
	for n := range bound + 1000 {
		if _, ok := f.Written(name(n)); ok {
			known++
		}
	}
	if known != bound {
		t.Errorf("%d files are known, want %d", known, bound)
	}
}
