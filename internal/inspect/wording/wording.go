// Package wording writes sizes, times, hashes and names for people, in the same way
// wherever the inspector shows them.
package wording

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/journal/record"
)

// Size writes a number of bytes: "1.5 KiB".
func Size(n int64) string {
	if n < 1024 {
		return strconv.FormatInt(n, 10) + " B"
	}
	v, unit := float64(n), ""
	for _, unit = range []string{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"} {
		if v /= 1024; v < 1023.95 {
			break
		}
	}
	return strconv.FormatFloat(v, 'f', 1, 64) + " " + unit
}

// Count writes a number of things: "1 group", "2 groups".
func Count[N int | int64 | uint64](n N, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	if stem, ok := strings.CutSuffix(thing, "y"); ok {
		return fmt.Sprintf("%d %sies", n, stem)
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// CountIn writes how many are in a state: "3 checkpointed"; nothing for none.
func CountIn(n int, state string) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d %s", n, state)
}

// Number writes a number in decimal.
func Number[N ~int | ~int64 | ~uint64](n N) string { return fmt.Sprint(n) }

// LSNs writes a range of groups: "LSN 1 to 5".
func LSNs(first, last record.LSN) string {
	switch {
	case last == 0:
		return "no groups"
	case first == last:
		return fmt.Sprintf("LSN %d", first)
	}
	return fmt.Sprintf("LSN %d to %d", first, last)
}

// Time writes a point in time to the millisecond, always in UTC.
func Time(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.000 UTC") }

// Mode writes permission bits in octal, as chmod accepts them.
func Mode(m fs.FileMode) string { return fmt.Sprintf("%04o", fsx.UnixMode(m)) }

// Hash writes a 64-bit hash as 16 hex digits.
func Hash(h uint64) string { return fmt.Sprintf("%016x", h) }

// Offset writes an offset within a file in hexadecimal.
func Offset(offset int64) string { return fmt.Sprintf("0x%x", offset) }

// List joins the parts that are not empty with commas.
func List(parts ...string) string {
	var present []string
	for _, p := range parts {
		if p != "" {
			present = append(present, p)
		}
	}
	return strings.Join(present, ", ")
}

// Quote writes a file name or another text of the journal in double quotes, with
// escapes for what is not printable.
func Quote(name string) string { return strconv.Quote(name) }

// Clean returns s with everything that is not printable written as an escape, so
// that it can't control a terminal.
func Clean(s string) string {
	if strings.IndexFunc(s, Unprintable) < 0 && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case Unprintable(r):
			q := strconv.QuoteRune(r)
			b.WriteString(q[1 : len(q)-1])
		default:
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}

// Unprintable reports whether r could be something else to a terminal than a visible
// character.
func Unprintable(r rune) bool { return !unicode.IsPrint(r) }

// Wrap breaks a text into lines of about width characters.
func Wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
