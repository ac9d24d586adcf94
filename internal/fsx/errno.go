package fsx

import "errors"

// LinkUnsupported reports whether err means that this process can't make this hard
// link, so that a copy is needed: the file system has no hard links or does not
// permit this one, the file has too many, or the directories are on different
// devices.
func LinkUnsupported(err error) bool {
	return errors.Is(err, errors.ErrUnsupported) || isAny(err, linkErrnos)
}

// Temporary reports whether the same call may succeed later, by itself or after an
// administrator has acted: disk full, quota, permission, read-only, no descriptors,
// I/O error. After any other error it will fail again.
func Temporary(err error) bool {
	return isAny(err, temporaryErrnos)
}

func isAny[E error](err error, list []E) bool {
	for _, e := range list {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
