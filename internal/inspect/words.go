package inspect

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/journal/record"
)

// size writes a number of bytes for people.
func size(n int64) string {
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

// count writes a number of things: "1 group", "2 groups".
func count[N int | int64 | uint64](n N, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	switch {
	case strings.HasSuffix(thing, "y"):
		thing = strings.TrimSuffix(thing, "y") + "ies"
	default:
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}

// lsns writes a range of groups.
func lsns(first, last record.LSN) string {
	switch {
	case last == 0:
		return "no groups"
	case first == last:
		return fmt.Sprintf("LSN %d", first)
	}
	return fmt.Sprintf("LSN %d to %d", first, last)
}

// when writes a point in time to the millisecond, always in UTC.
func when(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.000 UTC") }

// mode writes permission bits as chmod takes them.
func mode(m fs.FileMode) string { return fmt.Sprintf("%04o", fsx.UnixMode(m)) }

// hash writes a 64-bit hash.
func hash(h uint64) string { return fmt.Sprintf("%016x", h) }

// at writes an offset as a debugger or dd would be told.
func at(offset int64) string { return fmt.Sprintf("0x%x", offset) }

// list joins what there is with commas.
func list(parts ...string) string {
	var there []string
	for _, p := range parts {
		if p != "" {
			there = append(there, p)
		}
	}
	return strings.Join(there, ", ")
}

// number writes how many are in a state: "3 checkpointed"; nothing for none.
func number(n int, state string) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d %s", n, state)
}

func utoa[N ~int | ~int64 | ~uint64](n N) string { return fmt.Sprint(n) }

// wrap breaks a text into lines of about width.
func wrap(text string, width int) []string {
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
