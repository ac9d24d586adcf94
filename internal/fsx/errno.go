package fsx

import "errors"

// LinkUnsupported tells whether err means that no hard link can be made here, by
// this process or at all, so that a copy has to do: the file system has none, the
// file has as many as it can, or both ends are on different devices.
func LinkUnsupported(err error) bool {
	return errors.Is(err, errors.ErrUnsupported) || isAny(err, linkErrnos)
}

// Temporary tells whether err may pass by itself or by an administrator's hand
// (disk full, quota, permission, read-only, out of descriptors, I/O error): stop
// and try again later. Anything else stays as it is however often it is tried.
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
