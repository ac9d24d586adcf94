//go:build linux && (amd64 || arm64)

package crashfs

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
)

// randomProgram does a few operations on a few names, fsyncing now and then.
func randomProgram(seed uint64, n int) func(d dir) {
	return func(d dir) {
		rng := rand.New(rand.NewPCG(seed, 0))
		names := []string{"a", "b", "d/a", "d/b"}
		pick := func() string { return d.name(names[rng.IntN(len(names))]) }
		for i := range n {
			switch name := pick(); rng.IntN(8) {
			case 0, 1:
				os.WriteFile(name, fmt.Appendf(nil, "%d", i), 0o644)
			case 2:
				os.Rename(name, pick())
			case 3:
				os.Remove(name)
			case 4:
				os.Link(name, pick())
			case 5:
				os.Chmod(name, 0o600)
			case 6:
				os.Truncate(name, int64(rng.IntN(700)))
			case 7:
				if f, err := os.Open([]string{name, d.path, d.name("d")}[rng.IntN(3)]); err == nil {
					f.Sync()
					f.Close()
				}
			}
		}
	}
}

// TestWindowsMissNothing compares the explorer, which looks once at each window,
// with one that looks after every operation.
func TestWindowsMissNothing(t *testing.T) {
	for seed := range uint64(12) {
		tr := record(t, func(d dir) { d.mkdir("d"); d.write("d/a", "old") }, randomProgram(seed, 14))
		got := map[uint64]int{}
		for s := range (Explorer{Trace: tr, Limit: 1 << 20}).States() {
			got[s.Hash] = max(got[s.Hash], s.Until)
		}
		for n := range tr.Ops {
			prefix := tr.Prefix(n)
			v := newVolume(prefix.Start, false)
			for _, op := range prefix.Ops {
				v.apply(op)
			}
			for _, fill := range []Fill{Zeroes, Garbage} {
				d := drawer{yield: func(s State) bool {
					if until, ok := got[s.Hash]; !ok || until < n {
						t.Errorf("seed %d: after %d operations: missing: %s", seed, n, show(s.Image()))
					}
					return !t.Failed()
				}}
				d.all(v.pending(PowerLoss, fill))
			}
		}
	}
}

func TestDrawnStatesAreAmongTheEnumerated(t *testing.T) {
	tr := record(t, func(d dir) { d.mkdir("d") }, randomProgram(3, 20))
	all := map[uint64]bool{}
	for s := range (Explorer{Trace: tr, Limit: 1 << 20}).States() {
		if s.Fill != Stale {
			all[s.Hash] = true
		}
	}
	drawn := map[uint64]bool{}
	for s := range (Explorer{Trace: tr, Limit: 1, Samples: 300}).States() {
		if s.Fill == Stale {
			continue // what is stale changes with the moment
		}
		if drawn[s.Hash] = true; !all[s.Hash] {
			t.Fatalf("state %s is not possible: %s", s, show(s.Image()))
		}
	}
	if len(drawn)*4 < len(all) {
		t.Errorf("%d states drawn of %d: too few to be of use", len(drawn), len(all))
	}
}

func TestWrittenImageIsTheImage(t *testing.T) {
	tr := record(t, func(d dir) { d.mkdir("d"); d.must(os.Symlink("x", d.name("l"))) }, randomProgram(5, 30))
	base := t.TempDir()
	n, seen := 0, map[uint64]bool{}
	for s := range (Explorer{Trace: tr, Limit: 64, Samples: 8}).States() {
		im := s.Image()
		if im.Hash() != s.Hash {
			t.Fatalf("state %s: hash of its image differs: %s", s, show(im))
		}
		if seen[s.Hash] {
			continue
		}
		seen[s.Hash] = true
		dir := fmt.Sprintf("%s/%d", base, n)
		n++
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := im.Write(dir, "d"); err != nil {
			t.Fatal(err)
		}
		back, err := ReadImage(dir)
		if err != nil {
			t.Fatal(err)
		}
		if back.Hash() != im.Hash() {
			t.Fatalf("state %s\nread back %s\nwant      %s", s, show(back), show(im))
		}
	}
}

func TestLoadGoesOnFromAPrefix(t *testing.T) {
	tr := record(t, oldFile, func(d dir) { d.write("f", "new"); d.write("g", "x") })
	f := mount(t)
	for range 3 { // the kernel must not mix up files of different loads
		f.Load(tr.Prefix(len(tr.Ops) - 1))
		d := dir{t, f.Dir()}
		if got := read(d, "f") + read(d, "g"); got != "new" {
			t.Fatalf("after Load f and g hold %q, want new", got)
		}
		d.write("h", "y")
		e := Explorer{Trace: f.Trace()}
		expect(t, "power", states(e, func(s State) bool {
			return zeroesOnly(s) && s.Hash != 0 && len(s.Choice) > 0 && s.Image()[1].Content.Size == 3
		})[:1], "f=new")
	}
}

func TestTraceSurvivesAFile(t *testing.T) {
	tr := record(t, func(d dir) { d.mkdir("d"); d.write("d/a", "old") }, randomProgram(9, 30))
	name := t.TempDir() + "/trace"
	if err := tr.Save(name); err != nil {
		t.Fatal(err)
	}
	back, err := LoadTrace(name)
	if err != nil {
		t.Fatal(err)
	}
	var a, b []uint64
	for s := range (Explorer{Trace: tr, Limit: 256}).States() {
		a = append(a, s.Hash)
	}
	for s := range (Explorer{Trace: back, Limit: 256}).States() {
		b = append(b, s.Hash)
	}
	if fmt.Sprint(a) != fmt.Sprint(b) {
		t.Error("a trace read from a file has other states")
	}
}

func BenchmarkStates(b *testing.B) {
	tr := record(b, func(d dir) { d.mkdir("d") }, randomProgram(3, 200))
	n := 0
	for b.Loop() {
		for range (Explorer{Trace: tr}).States() {
			n++
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/state")
}
