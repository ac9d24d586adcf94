package fsx

import (
	"strconv"
	"strings"
)

// kernelAtLeast compares a release such as "6.1.0-18-amd64" or "5.8-rc1".
func kernelAtLeast(release string, major, minor int) bool {
	ma, rest, _ := strings.Cut(release, ".")
	mi := rest
	if i := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' }); i >= 0 {
		mi = rest[:i]
	}
	gotMajor, err1 := strconv.Atoi(ma)
	gotMinor, err2 := strconv.Atoi(mi)
	if err1 != nil || err2 != nil {
		return false
	}
	return gotMajor > major || gotMajor == major && gotMinor >= minor
}
