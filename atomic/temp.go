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

// A temporary file lies beside its target, since a rename does not cross devices:
//
//	.config.json.forewrite-<pid>-<random>.tmp
//
// Its first part is for people, and cut so that the name is valid wherever the
// target's is.
var tempName = regexp.MustCompile(`^\..*\.forewrite-([0-9]+)-([0-9a-z]{13})\.tmp$`)

const maxTempPrefix = 40

func isTempName(base string) bool { return tempName.MatchString(base) }

func newTempName(base string) string {
	for len(base) > maxTempPrefix {
		_, n := utf8.DecodeLastRuneInString(base)
		base = base[:len(base)-n]
	}
	random := strconv.FormatUint(rand.Uint64(), 36)
	return "." + base + ".forewrite-" + strconv.Itoa(os.Getpid()) + "-" +
		strings.Repeat("0", 13-len(random)) + random + ".tmp"
}

// ownerOf reads the process number from a temporary file's name.
func ownerOf(base string) (pid int, ok bool) {
	m := tempName.FindStringSubmatch(base)
	if m == nil {
		return 0, false
	}
	pid, err := strconv.Atoi(m[1])
	return pid, err == nil
}

// createTemp makes an empty file beside path and claims it, so that Sweep knows it
// is in use.
func createTemp(t tree, path string, perm fs.FileMode) (*os.File, string, error) {
	_, base := filepath.Split(path)
	for range 100 {
		name := beside(path, newTempName(base))
		// O_EXCL: a file or link that somebody put there is never written to.
		f, err := t.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, perm)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, "", err
		}
		if claim(f) {
			return f, name, nil
		}
		f.Close() // a Sweep was between the two lines above
		t.Remove(name)
	}
	return nil, "", fmt.Errorf("no free name for a temporary file: %w", fs.ErrExist)
}
