package text

import (
	"testing"

	"github.com/forewrite/forewrite/internal/inspect"
)

// The map of a segment shows the worst of the bytes that each mark covers.
func TestByteMapShowsDamage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		spans []inspect.Span
		want  string
	}{
		{nil, "[..........]"},
		{[]inspect.Span{{Kind: inspect.SpanGroups, Length: 50}, {Kind: inspect.SpanZero, Offset: 50, Length: 50}}, "[#####.....]"},
		{[]inspect.Span{{Kind: inspect.SpanGroups, Length: 1}, {Kind: inspect.SpanZero, Offset: 1, Length: 99}}, "[#.........]"},
		{[]inspect.Span{{Kind: inspect.SpanGroups, Length: 51}, {Kind: inspect.SpanUnknown, Offset: 51, Length: 1}}, "[#####?....]"},
		{[]inspect.Span{{Kind: inspect.SpanGroups, Length: 30}, {Kind: inspect.SpanUnknown, Offset: 30, Length: 10}, {Kind: inspect.SpanStranded, Offset: 40, Length: 60}}, "[###?!!!!!!]"},
	} {
		s := inspect.Segment{Size: 100, Spans: tt.spans}
		if got := byteMap(&s, 10); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.spans, got, tt.want)
		}
	}
	if got := byteMap(&inspect.Segment{}, 3); got != "[   ]" {
		t.Errorf("an empty file: %q", got)
	}
}
