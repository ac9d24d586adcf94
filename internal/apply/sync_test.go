package apply_test

import (
	"testing"

	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/journal/record"
)

// What a step changes is fsynced: content and mode of files, and each directory whose
// names change, a new one too.
func TestDirtyCountsWhatAStepChanges(t *testing.T) {
	t.Parallel()
	step := func(act apply.Act, op record.Op, p string) apply.Step {
		return apply.Step{Change: &apply.Change{Intent: record.Intent{Op: op, Path: p}}, Act: act}
	}
	for name, tt := range map[string]struct {
		steps []apply.Step
		want  int
	}{
		"nothing":               {nil, 0},
		"a file":                {[]apply.Step{step(apply.ActPlace, record.OpPut, "d/f")}, 2},
		"a link":                {[]apply.Step{step(apply.ActPlace, record.OpSymlink, "d/l")}, 1},
		"a directory":           {[]apply.Step{step(apply.ActPlace, record.OpMkdir, "d/e")}, 2},
		"a removal":             {[]apply.Step{step(apply.ActRemove, record.OpRemove, "d/f")}, 1},
		"room is made":          {[]apply.Step{step(apply.ActClear, record.OpPut, "d/f")}, 1},
		"a mode":                {[]apply.Step{step(apply.ActMode, record.OpChmod, "d/f")}, 1},
		"the same, again":       {[]apply.Step{step(apply.ActPlace, record.OpPut, "d/f"), step(apply.ActPlace, record.OpPut, "d/f")}, 2},
		"another one in it":     {[]apply.Step{step(apply.ActPlace, record.OpPut, "d/f"), step(apply.ActPlace, record.OpPut, "d/g")}, 3},
		"one in each directory": {[]apply.Step{step(apply.ActPlace, record.OpPut, "d/f"), step(apply.ActPlace, record.OpPut, "e/f")}, 4},
	} {
		var d apply.Dirty
		for _, s := range tt.steps {
			d.Add(s)
		}
		if got := d.Len(); got != tt.want {
			t.Errorf("%s: %d, want %d", name, got, tt.want)
		}
	}
}
