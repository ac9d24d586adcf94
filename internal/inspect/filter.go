package inspect

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/forewrite/forewrite/journal/record"
)

// Filter selects records. The zero value selects all.
type Filter struct {
	From, To     record.LSN // inclusive; 0 is no bound
	Tx           record.TxID
	Path         string // a pattern, see matchPath
	Kinds        []string
	Since, Until time.Time
}

// Kinds are the values that Filter.Kinds can have: kinds of records, and operations.
var Kinds = []string{"open", "intent", "commit", "checkpoint", "close",
	"put", "symlink", "mkdir", "remove", "removeall", "chmod"}

// Check returns an error when the filter can't select anything or has a wrong value.
func (f *Filter) Check() error {
	for _, k := range f.Kinds {
		if !slices.Contains(Kinds, k) {
			return fmt.Errorf("unknown kind %q; the kinds are %s", k, strings.Join(Kinds, ", "))
		}
	}
	if f.To != 0 && f.From > f.To {
		return fmt.Errorf("the first LSN, %d, is after the last, %d", f.From, f.To)
	}
	if _, err := path.Match(f.Path, ""); err != nil {
		return fmt.Errorf("pattern %q: %w", f.Path, err)
	}
	return nil
}

// Past reports whether no group from this one on can match.
func (f *Filter) Past(lsn record.LSN) bool { return f.To != 0 && lsn > f.To }

// Match reports whether the record is selected.
func (f *Filter) Match(r *Record) bool {
	switch {
	case r.LSN < f.From, f.Past(r.LSN):
	case f.Tx != 0 && r.Tx != f.Tx:
	case f.Path != "" && (r.Path == "" || !matchPath(f.Path, r.Path)):
	case len(f.Kinds) > 0 && !slices.Contains(f.Kinds, r.Kind) && !slices.Contains(f.Kinds, r.Op):
	case !f.Since.IsZero() && r.Time.Before(f.Since):
	case !f.Until.IsZero() && !r.Time.Before(f.Until):
	default:
		return true
	}
	return false
}

// matchPath matches a path against a pattern, element by element as [path.Match]
// does; "**" matches any number of elements. A pattern without a slash is compared
// with the last element only.
func matchPath(pattern, name string) bool {
	if !strings.Contains(pattern, "/") && pattern != "**" {
		name = path.Base(name)
	}
	return matchElements(strings.Split(pattern, "/"), strings.Split(name, "/"))
}

func matchElements(pattern, name []string) bool {
	for len(pattern) > 0 {
		if pattern[0] == "**" {
			for skip := range len(name) + 1 {
				if matchElements(pattern[1:], name[skip:]) {
					return true
				}
			}
			return false
		}
		if len(name) == 0 {
			return false
		}
		if ok, err := path.Match(pattern[0], name[0]); err != nil || !ok {
			return false
		}
		pattern, name = pattern[1:], name[1:]
	}
	return len(name) == 0
}

// timeLayouts are what ParseTime accepts besides an age; without a zone they are UTC.
var timeLayouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02"}

// ParseTime reads a point in time, or an age such as "10m".
func ParseTime(s string, now time.Time) (time.Time, error) {
	if age, err := time.ParseDuration(s); err == nil {
		return now.Add(-age), nil
	}
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time; write 2006-01-02, \"2006-01-02 15:04:05\", RFC 3339, or an age such as 10m", s)
}
