//go:build linux || darwin || freebsd || netbsd

package fsx

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// aclAccess is how Linux shows a POSIX access list.
const aclAccess = "system.posix_acl_access"

func copyAttrs(dst, src *os.File) error {
	names, err := listAttrs(src)
	if err != nil {
		return err
	}
	have, err := listAttrs(dst)
	if err != nil {
		return err
	}
	for _, name := range names {
		if vouchesForContent(name) {
			continue
		}
		if err := copyAttr(dst, src, name, slices.Contains(have, name)); err != nil {
			return err
		}
	}
	// A directory's default list is given to each file made in it. One that was
	// taken off the old file must not come back with the new one.
	if slices.Contains(have, aclAccess) && !slices.Contains(names, aclAccess) {
		return attrError("fremovexattr", dst, unix.Fremovexattr(int(dst.Fd()), aclAccess))
	}
	return nil
}

func copyAttr(dst, src *os.File, name string, exists bool) error {
	value, err := getAttr(src, name)
	if err != nil {
		return attrError("fgetxattr", src, err)
	}
	if exists { // given to it when it was made, as SELinux labels are
		if old, err := getAttr(dst, name); err == nil && bytes.Equal(old, value) {
			return nil
		}
	}
	return attrError("fsetxattr", dst, unix.Fsetxattr(int(dst.Fd()), name, value, 0))
}

// vouchesForContent: these say something about the content that is replaced. The
// kernel itself takes capabilities off a file that is written to.
func vouchesForContent(name string) bool {
	switch name {
	case "security.capability", "security.ima", "security.evm":
		return true
	}
	return false
}

func listAttrs(f *os.File) ([]string, error) {
	var small [256]byte // a file has none or a few: no second call, no allocation
	list, err := growing(small[:], func(buf []byte) (int, error) {
		return unix.Flistxattr(int(f.Fd()), buf)
	})
	if err != nil {
		return nil, attrError("flistxattr", f, err)
	}
	if len(list) == 0 {
		return nil, nil
	}
	return strings.Split(strings.TrimSuffix(string(list), "\x00"), "\x00"), nil
}

func getAttr(f *os.File, name string) ([]byte, error) {
	return growing(make([]byte, 256), func(buf []byte) (int, error) {
		return unix.Fgetxattr(int(f.Fd()), name, buf)
	})
}

// growing calls get with buf, and with larger ones until what it gets fits.
func growing(buf []byte, get func([]byte) (int, error)) ([]byte, error) {
	for {
		n, err := get(buf)
		switch {
		case err == nil && n < len(buf):
			return buf[:n], nil
		case err == nil: // the BSDs fill the buffer and say no more
		case err != unix.ERANGE || len(buf) >= 1<<20:
			return nil, err
		}
		buf = make([]byte, 4*len(buf))
	}
}

// attrError drops what CopyMeta tolerates: attributes that this process may not
// set, that are gone meanwhile, or that the file system doesn't have.
func attrError(op string, f *os.File, err error) error {
	err = tolerate(err)
	if err == nil || err == errNotAllowed || errors.Is(err, noAttr) {
		return nil
	}
	return &os.PathError{Op: op, Path: f.Name(), Err: err}
}
