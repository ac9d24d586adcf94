package inspect

import (
	"testing"
	"time"
)

func TestPatternsMatchElementByElement(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		pattern, path string
		want          bool
	}{
		{"*.toml", "conf/app.toml", true},
		{"app.toml", "conf/app.toml", true},
		{"conf/*", "conf/app.toml", true},
		{"conf/*", "conf/d/app.toml", false},
		{"conf/**", "conf/d/app.toml", true},
		{"**/app.toml", "app.toml", true},
		{"**/d/*", "a/b/d/x", true},
		{"a/**/z", "a/z", true},
		{"a/**/z", "a/b/c/z", true},
		{"a/**/z", "a/b/c/y", false},
		{"**", "a/b/c", true},
		{"a/b", "a", false},
		{"a", "b", false},
	} {
		if got := matchPath(tt.pattern, tt.path); got != tt.want {
			t.Errorf("matchPath(%q, %q) = %t", tt.pattern, tt.path, got)
		}
	}
}

func TestTimesAreReadAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"10m":                       now.Add(-10 * time.Minute),
		"2026-02-28":                time.Date(2026, 2, 28, 0, 0, 0, 0, time.UTC),
		"2026-02-28 21:40":          time.Date(2026, 2, 28, 21, 40, 0, 0, time.UTC),
		"2026-02-28 21:40:05":       time.Date(2026, 2, 28, 21, 40, 5, 0, time.UTC),
		"2026-02-28T21:40:05+02:00": time.Date(2026, 2, 28, 19, 40, 5, 0, time.UTC),
	} {
		if got, err := ParseTime(text, now); err != nil || !got.Equal(want) {
			t.Errorf("ParseTime(%q) = %s, %v; want %s", text, got, err, want)
		}
	}
	if _, err := ParseTime("yesterday", now); err == nil {
		t.Error("yesterday is accepted as a time")
	}
}
