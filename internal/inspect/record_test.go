package inspect

import (
	"strings"
	"testing"
)

func TestPreviewsAreShort(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", previewSize-1)
	for data, want := range map[string]string{
		"":            `""`,
		"one\ntwo":    `"one\ntwo"`,
		long + "x":    `"` + long + `x"`,
		long + "xx":   `"` + long + `x"…`,
		long + "é":    `"` + long + `"…`, // not half a letter
		"a\x00b":      "binary 610062",
		"\xff" + long: "binary ff" + strings.Repeat("78", previewSize/2-1) + "…",
		"\x1b[2J":     `"\x1b[2J"`,
	} {
		if got := preview([]byte(data)); got != want {
			t.Errorf("preview(%q) = %s, want %s", data, got, want)
		}
	}
}
