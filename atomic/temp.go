package atomic

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A temporary file is in the directory of its target, since a rename can't cross
// file systems:
//
//	.config.json.forewrite-<pid>-<random>.tmp
//
// The first part is for people. It is cut, so that the name is valid wherever the
// target's is.
var tempName = regexp.MustCompile(`^\..*\.forewrite-([0-9]+)-([0-9a-z]{13})\.tmp$`)

const maxTempPrefix = 40

func isTempName(base string) bool { return tempName.MatchString(base) }

func newTempName(base string) string {
	random := strconv.FormatUint(rand.Uint64(), 36)
	return "." + cut(base, maxTempPrefix) + ".forewrite-" + strconv.Itoa(os.Getpid()) + "-" +
		strings.Repeat("0", 13-len(random)) + random + ".tmp"
}

// cut shortens s to at most n bytes, and between characters.
func cut(s string, n int) string {
	for len(s) > n {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return s
}

// ownerOf returns the process number in a temporary file's name.
func ownerOf(base string) (pid int, ok bool) {
	m := tempName.FindStringSubmatch(base)
	if m == nil {
		return 0, false
	}
	pid, err := strconv.Atoi(m[1])
	return pid, err == nil
}

// createTemp makes an empty file in the directory of path, and marks it as in use
// for [RemoveStaleTemp].
func createTemp(fsys filesystem, path string, perm fs.FileMode) (*os.File, string, error) {
	_, base := filepath.Split(path)
	for range 100 {
		name := sibling(path, newTempName(base))
		// O_EXCL: a file or link that another program put there is never written to.
		f, err := fsys.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, perm.Perm())
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, "", err
		}
		if lockTemp(f) {
			return f, name, nil
		}
		f.Close() // RemoveStaleTemp came between the creation and the lock
		fsys.Remove(name)
	}
	return nil, "", fmt.Errorf("no free name for a temporary file after 100 attempts: %w", fs.ErrExist)
}
