package wording

import "testing"

func TestSizesReadAsPeopleSayThem(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{
		0: "0 B", 1: "1 B", 1023: "1023 B", 1024: "1.0 KiB", 1536: "1.5 KiB",
		1<<20 - 1: "1.0 MiB", 4 << 20: "4.0 MiB", 1 << 30: "1.0 GiB", 1<<63 - 1: "8.0 EiB",
	} {
		if got := Size(n); got != want {
			t.Errorf("Size(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestNothingUnprintableIsPrinted(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"plain ünïcode": "plain ünïcode",
		"a\x1b[31mb":    `a\x1b[31mb`,
		"a\u009bb":      `a\u009bb`,
		"a\u202eb":      `a\u202eb`,
		"a\xffb":        `a\xffb`,
		"a\nb":          `a\nb`,
	} {
		if got := Clean(text); got != want {
			t.Errorf("Clean(%q) = %s, want %s", text, got, want)
		}
	}
}
