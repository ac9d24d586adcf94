package inspect

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/forewrite/forewrite/internal/inspect/inspecttest"
	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/recovery"
)

// findings are journals and trees of every kind, and the codes that a check finds.
var findings = []struct {
	name   string
	script string
	tree   map[string]string // files beside the journal
	health Health
	codes  []Code
}{
	{"closed", "open\ntx 1 put a one\nclose", map[string]string{"a": "one"}, Healthy, nil},
	{"first segment not used yet", "open\nsegment 4096", nil, Healthy, []Code{"JI104"}},
	{"flipped bit in acknowledged group", "open\ntx 1 put a one\ntx 2 put b two\nclose\nflip 1 0x80", nil, Corrupt, []Code{"JI001"}},
	{"zeroed group", "open\ntx 1 put a one\ntx 2 put b two\nclose\nzero 1 0x43 64", nil, Corrupt, []Code{"JI002"}},
	{"group left out", "open\njump 2\ntx 1 put a one\nclose", nil, Corrupt, []Code{"JI003"}},
	{"group of another history", "open\nunchain\ntx 1 put a one\nclose", nil, Corrupt, []Code{"JI004"}},
	{"lost segment in the middle", "open\nsegment 4096\ntx 1 put a one\nsegment 4096\ntx 2 put b two\nlose 2", nil, Corrupt, []Code{"JI005"}},
	{"lost first segment", "open\nsegment 4096\ntx 1 put a one\nlose 1", map[string]string{"a": "one"}, Corrupt, []Code{"JI005"}},
	{"stray file", "open\nclose\nstray notes.txt", nil, Corrupt, []Code{"JI006"}},
	{"nonsense in a whole group", "open\nnonsense\nclose", nil, Corrupt, []Code{"JI008"}},
	{"impostors", "open\nsegment 32768\ntorn 40\nimpostors 400", nil, Corrupt, []Code{"JI009"}},
	{"torn in the middle", "open\ntorn 40\nsegment 4096\nraw 2 100 bytes", nil, Corrupt, []Code{"JI010"}},
	{"emptied", "zero 1 0 0", nil, Corrupt, []Code{"JI011"}},
	{"damaged FORMAT", "open\nclose\nformat nonsense", nil, Corrupt, []Code{"JI012"}},
	{"FORMAT lost", "open\ntx 1 put a one\nclose\nformat \"\"", map[string]string{"a": "one"}, Corrupt, []Code{"JI012"}},
	{"FORMAT not written yet", "open\nformat \"\"", nil, Healthy, []Code{"JI109", "JI104"}},
	{"newer group", "open\nnewer", nil, Newer, []Code{"JI013"}},
	{"newer FORMAT", "open\nclose\nformat \"forewrite 3\\nid 00c0ffee00c0ffee\\n\"", nil, Newer, []Code{"JI013"}},

	{"torn end", "open\ntorn 40", nil, Pending, []Code{"JI101"}},
	{"not checkpointed", "open\ntx 1 put a one", map[string]string{"a": "one"}, Pending, []Code{"JI102"}},
	{"without commit record", "open\ndraft 1 put a one", nil, Pending, []Code{"JI103", "JI104"}},
	{"killed while idle", "open\ntx 1 put a one\ncheckpoint 2", map[string]string{"a": "one"}, Healthy, []Code{"JI104"}},
	{"leftovers", "open\nclose\nleftover new-00000009-0000000000000009\nstage temp-1 x\nlost 20260301T120000Z-7", nil,
		Healthy, []Code{"JI105", "JI106", "JI107"}},
	{"in flight", "open\ntx 1 put a one\ntorn 40\nowner self", nil, Healthy, []Code{"JI108"}},

	{"staged payload missing", "open\ntx 1 staged a s-1 one\nunstage s-1", map[string]string{"a": "one"}, Corrupt, []Code{"JI102", "JI201"}},
	{"staged payload damaged", "open\ntx 1 staged a s-1 one\nstage s-1 two", map[string]string{"a": "one"}, Corrupt, []Code{"JI102", "JI202"}},
	{"staged payload of other size", "open\ntx 1 staged a s-1 one\nstage s-1 longer", map[string]string{"a": "one"}, Corrupt, []Code{"JI102", "JI202"}},
	{"staged payload gone after checkpoint", "open\ntx 1 staged a s-1 one\nunstage s-1\nclose", map[string]string{"a": "one"}, Healthy, nil},

	{"edited by hand", "open\ntx 1 put a one\nclose", map[string]string{"a": "mine"}, Foreign, []Code{"JI301"}},
	{"removed by hand", "open\ntx 1 put a one\nclose", nil, Foreign, []Code{"JI302"}},
	{"restored from an old backup", "open\ntx 1 put a one\ntx 2 put a two\nclose", map[string]string{"a": "one"}, Foreign, []Code{"JI303"}},
	{"not applied yet", "open\ntx 1 put a one\ntx 2 put a two", map[string]string{"a": "one"}, Pending, []Code{"JI102", "JI304"}},
	{"beneath a removed tree", "open\ntx 1 put d/a one\ntx 2 removeall d\nclose", nil, Healthy, nil},
}

func build(t testing.TB, script string, tree map[string]string) *Journal {
	t.Helper()
	root := t.TempDir()
	if err := inspecttest.Build(root, script); err != nil {
		t.Fatal(err)
	}
	for name, text := range tree {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	j, err := Find(root, "")
	if err != nil {
		t.Fatal(err)
	}
	unchanged(t, root)
	return j
}

// unchanged fails the test if anything beneath root is touched until it ends.
func unchanged(t testing.TB, root string) {
	before, err := inspecttest.Freeze(root)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if after, err := inspecttest.Freeze(root); err != nil || after != before {
			t.Errorf("the journal was changed (%v)\nbefore:\n%safter:\n%s", err, before, after)
		}
	})
}

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "-test.run=^$" {
		return // a process that ends at once, for "owner gone"
	}
	os.Exit(m.Run())
}

func TestCheckFinds(t *testing.T) {
	t.Parallel()
	for _, tt := range findings {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			j := build(t, tt.script, tt.tree)
			c, err := j.Check(t.Context(), true)
			if err != nil {
				t.Fatal(err)
			}
			var codes []Code
			for _, f := range c.Findings {
				if !slices.Contains(codes, f.Code) {
					codes = append(codes, f.Code)
				}
			}
			if !slices.Equal(codes, tt.codes) || c.Health != tt.health {
				t.Errorf("health %s, codes %v; want %s, %v\n%+v", c.Health, codes, tt.health, tt.codes, c.Findings)
			}
		})
	}
}

func TestCheckFindsAnSegmentThatIsTooLarge(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	if err := inspecttest.Build(root, "open\nclose"); err != nil {
		t.Fatal(err)
	}
	j, err := Find(root, "")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(j.log(), "00000001-0101010101010101", segment.FileName)
	if err := os.Truncate(file, segment.MaxSize+1); err != nil { // a hole, no bytes
		t.Fatal(err)
	}
	c, err := j.Check(t.Context(), false)
	if err != nil || len(c.Findings) == 0 || c.Findings[0].Code != "JI007" || c.Health != Corrupt {
		t.Errorf("findings %+v, %v; want JI007", c.Findings, err)
	}
}

func TestCheckSaysWhenAFileCantBeRead(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Skip("root reads everything")
	}
	root := t.TempDir()
	if err := inspecttest.Build(root, "open\ntx 1 put a one\nclose"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "a"), []byte("two"), 0); err != nil {
		t.Fatal(err)
	}
	j, err := Find(root, "")
	if err != nil {
		t.Fatal(err)
	}
	unchanged(t, root)
	c, err := j.Check(t.Context(), true)
	if err != nil || len(c.Findings) != 1 || c.Findings[0].Code != "JI305" {
		t.Errorf("findings %+v, %v; want JI305", c.Findings, err)
	}
}

// What check says is corrupt recovery refuses, and what it says is not it takes:
// but for what lies in staging and in the tree, where recovery has ways out.
func TestCheckAgreesWithRecovery(t *testing.T) {
	t.Parallel()
	for _, tt := range findings {
		if slices.ContainsFunc(tt.codes, func(c Code) bool { return c >= "JI2" }) {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			j := build(t, tt.script, tt.tree)
			report, err := j.Plan(t.Context())
			var newer *recovery.FormatError
			switch {
			case errors.As(err, &newer):
				if tt.health != Newer {
					t.Errorf("recovery: %v; check: %s", err, tt.health)
				}
			case errors.Is(err, recovery.ErrCorrupt):
				if tt.health != Corrupt {
					t.Errorf("recovery: %v; check: %s", err, tt.health)
				}
			case err != nil:
				t.Error(err)
			case report.Clean != (tt.health == Healthy) && tt.name != "in flight":
				t.Errorf("recovery: clean %t; check: %s", report.Clean, tt.health)
			}
		})
	}
}

func TestEveryCodeIsExplained(t *testing.T) {
	t.Parallel()
	tested := []Code{"JI007", "JI305"} // by tests of their own
	for _, tt := range findings {
		tested = append(tested, tt.codes...)
	}
	for i, e := range Explanations {
		if i > 0 && e.Code <= Explanations[i-1].Code {
			t.Errorf("%s stands after %s", e.Code, Explanations[i-1].Code)
		}
		if e.Title == "" || e.Means == "" || e.Causes == "" || e.Do == "" {
			t.Errorf("%s is not explained in full", e.Code)
		}
		if !slices.Contains(tested, e.Code) {
			t.Errorf("no test finds %s", e.Code)
		}
	}
	for _, c := range tested {
		if _, ok := Explain(c); !ok {
			t.Errorf("%s has no explanation", c)
		}
	}
}
