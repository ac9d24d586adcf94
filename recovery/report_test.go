package recovery_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/forewrite/forewrite/internal/layout"
	"github.com/forewrite/forewrite/journal/record"
	"github.com/forewrite/forewrite/recovery"
)

var update = flag.Bool("update", false, "write the golden files")

// The golden file changes when the JSON form of a report does: see ReportVersion.
func TestReportsAreJSON(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "a")
	draft := put("b", "never")
	draft.Tx = 2
	w.Group(record.AppendIntent(w.AppendTx(nil, 1, put("a", "1"), put("gone/x", "2"), mkdir("d")), &draft))
	w.Segment(100).Raw([]byte("torn"))
	w.Segment(100)
	r := w.run()
	r.Duration = 1500
	text, err := json.MarshalIndent(r, "", "  ")
	w.check(err)
	var back recovery.Report
	w.check(json.Unmarshal(text, &back))
	back.Next.Prev = r.Next.Prev // not in JSON
	if !reflect.DeepEqual(&back, r) {
		t.Errorf("read back: %+v\nwant %+v", &back, r)
	}
	got := strings.ReplaceAll(string(text), r.LostFound, layout.LostFoundDir+"/FOLDER") + "\n" // it has the time in its name
	golden := filepath.Join("testdata", "report.json")
	if *update {
		w.check(os.WriteFile(golden, []byte(got), 0o644))
	}
	want, err := os.ReadFile(golden)
	w.check(err)
	if got != string(want) {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestStatesAreTexts(t *testing.T) {
	t.Parallel()
	roundTrip(t, map[recovery.TailState]string{recovery.TailClean: "clean", recovery.TailTorn: "torn",
		recovery.TailCorrupt: "corrupt", recovery.TailNewer: "newer format"})
	roundTrip(t, map[recovery.SegmentState]string{recovery.SegmentUsed: "used", recovery.SegmentUnused: "unused",
		recovery.SegmentTorn: "torn", recovery.SegmentCorrupt: "corrupt", recovery.SegmentNewer: "newer format"})
	roundTrip(t, map[recovery.Decision]string{recovery.Redo: "redo", recovery.KeepFound: "keep",
		recovery.Displace: "displace", recovery.SetAside: "set aside"})
	if got := recovery.TailState(9).String(); got != "unknown (9)" {
		t.Errorf("a state that does not exist: %q", got)
	}
}

func roundTrip[T interface {
	comparable
	String() string
}](t *testing.T, texts map[T]string) {
	t.Helper()
	for v, want := range texts {
		text, err := json.Marshal(v)
		var back T
		if err != nil || string(text) != `"`+want+`"` || v.String() != want || json.Unmarshal(text, &back) != nil || back != v {
			t.Errorf("%v: JSON %s, %v; read back %v", v, text, err, back)
		}
	}
	var v T
	if err := json.Unmarshal([]byte(`"nonsense"`), &v); err == nil || !strings.Contains(err.Error(), `"nonsense"`) {
		t.Errorf("nonsense: %v, %v", v, err)
	}
}
