//go:build linux && (amd64 || arm64)

package fuzz

import (
	"path"
	"syscall"
	"testing"

	"github.com/forewrite/forewrite/fuzz/crashfs"
	"github.com/forewrite/forewrite/internal/segment"
)

// The group that is torn is the only one in its segment, and recovery crashes between
// retiring the segment before it and this one.
func TestRegressTornFirstGroupOfAnSegment(t *testing.T) {
	texts := seedTexts(t)
	p := play(t, parse("segment-switch", texts["segment-switch"]), nil)
	j, err := newJudge(&p.h, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	defer j.close()
	fs := borrow(t)
	tried := 0
	for st := range (crashfs.Explorer{Trace: p.h.trace, Seed: *seed}).States() {
		im := st.Image()
		if st.Fill != crashfs.Zeroes || !tornFirst(im) {
			continue
		}
		v := victim{trace: crashfs.Trace{Start: im}, what: st.String(), need: p.h.required(st.Until)}
		crashRecovery(t, j, fs, v, maxDepth, scope{limit: 64, samples: 64, states: 10_000})
		if tried++; tried == 3 || t.Failed() {
			return
		}
	}
	t.Fatalf("only %d states have such a segment", tried)
}

// tornFirst reports whether the log has a segment that begins with a sector of
// zeroes and goes on with something else, after another one.
func tornFirst(im crashfs.Image) bool {
	segments, torn := 0, false
	for _, e := range im {
		if path.Base(e.Path) != segment.FileName {
			continue
		}
		segments++
		b := e.Content.Bytes()
		torn = len(b) > crashfs.SectorSize && string(b[:crashfs.SectorSize]) == string(make([]byte, crashfs.SectorSize)) &&
			string(b) != string(make([]byte, len(b)))
	}
	return segments > 1 && torn
}

// Retiring a segment fails once. The next checkpoint must not retire the one after
// it, or there is a gap.
func TestRegressFailedRetire(t *testing.T) {
	w := parse("failed retire", `
segment 4096
open
tx
write a 3000
commit
tx
write a 3001
commit
checkpoint
tx
write a 3002
commit
tx
write a 3003
commit
checkpoint
tx
write a 5
commit
`)
	for n := 1; ; n++ {
		f := crashfs.Fault{N: n, Kinds: []crashfs.Kind{crashfs.KindRename}, Err: syscall.EACCES}
		_, hits, _ := playFault(t, w, f)
		if hits == 0 && n <= 2 {
			t.Fatalf("%d renames could fail: no segment was retired", n-1)
		}
		if hits == 0 || t.Failed() {
			return
		}
	}
}
