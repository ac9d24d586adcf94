//go:build linux && (amd64 || arm64)

package fuzz

import (
	"maps"
	"slices"
	"testing"

	"github.com/forewrite/forewrite/fuzz/crashfs"
)

// FuzzCrash plays a workload, crashes it at some point, and judges one of the
// states that the crash could leave.
func FuzzCrash(f *testing.F) {
	texts := seedTexts(f)
	for i, name := range slices.Sorted(maps.Keys(texts)) {
		f.Add(texts[name], uint16(3000*i+500), uint64(i))
	}
	f.Fuzz(func(t *testing.T, text string, point uint16, choices uint64) {
		defer watch(text)()
		p := play(t, parse("fuzz", text), nil)
		for _, err := range p.errs {
			t.Fatal(err)
		}
		at := int(point) % (len(p.h.trace.Ops) + 1)
		j, err := newJudge(&p.h, 2)
		if err != nil {
			t.Fatal(err)
		}
		defer j.close()
		need := p.h.required(at)
		for i := range uint64(4) {
			st := crashfs.Explorer{Trace: p.h.trace.Prefix(at), Seed: choices + i, Weak: choices%5 == 4}.Draw()
			if err := j.state(st.Image()).wrong(need); err != nil {
				t.Fatalf("crash after %d of %d operations (%s), state %s: %v", at, len(p.h.trace.Ops), last(p.h.trace, at), st, err)
			}
		}
	})
}
