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

// aclAccess is the attribute in which Linux has the POSIX access list.
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
		if certifiesContent(name) {
			continue
		}
		if err := copyAttr(dst, src, name, slices.Contains(have, name)); err != nil {
			return err
		}
	}
	// Each new file in a directory gets its default access list. If the old file has no
	// list, the new one must have none.
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
	if exists { // set when the file was made, as SELinux labels are
		if old, err := getAttr(dst, name); err == nil && bytes.Equal(old, value) {
			return nil
		}
	}
	return attrError("fsetxattr", dst, unix.Fsetxattr(int(dst.Fd()), name, value, 0))
}

// certifiesContent reports whether the attribute is about the content, which is
// replaced. The kernel, too, removes capabilities from a file that is written to.
func certifiesContent(name string) bool {
	switch name {
	case "security.capability", "security.ima", "security.evm":
		return true
	}
	return false
}

func listAttrs(f *os.File) ([]string, error) {
	var small [256]byte // most files have none or a few: no second call, no allocation
	list, err := getGrowing(small[:], func(buf []byte) (int, error) {
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
	return getGrowing(make([]byte, 256), func(buf []byte) (int, error) {
		return unix.Fgetxattr(int(f.Fd()), name, buf)
	})
}

// getGrowing calls get with buf, and with larger buffers until the result fits.
func getGrowing(buf []byte, get func([]byte) (int, error)) ([]byte, error) {
	for {
		n, err := get(buf)
		switch {
		case err == nil && n < len(buf):
			return buf[:n], nil
		case err == nil: // the BSDs fill the buffer and report no error
		case err != unix.ERANGE || len(buf) >= 1<<20:
			return nil, err
		}
		buf = make([]byte, 4*len(buf))
	}
}

// attrError returns nil for what [CopyMeta] leaves out: attributes that this process may
// not set, that were removed meanwhile, or that the file system does not support.
func attrError(op string, f *os.File, err error) error {
	err = metaError(err)
	if err == nil || err == errNotAllowed || errors.Is(err, noAttr) {
		return nil
	}
	return &os.PathError{Op: op, Path: f.Name(), Err: err}
}
