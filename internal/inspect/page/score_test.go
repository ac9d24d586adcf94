package page

import "testing"

func TestLongNamesShowTheirEnds(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"short": "short", "exactly-10": "exactly-10", "a/very/long/path.json": "…path.json", "éééééééééééé": "…ééééééééé"} {
		if got := shorten(name, 10); got != want {
			t.Errorf("shorten(%q) = %q, want %q", name, got, want)
		}
	}
}
