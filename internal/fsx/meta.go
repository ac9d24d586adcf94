package fsx

import "os"

// CopyMeta gives dst the owner and the extended attributes of src, including a POSIX
// access list, but not the mode and the times. The caller sets the mode afterwards:
// a change of the owner clears the set-id bits, and on a file with an access list the
// group bits are the mask of the list.
//
// What this process may not set, and what the file system of dst does not support, is
// left out without an error. A caller that depends on the owner must compare it.
// Attributes that certify the old content (file capabilities, IMA and EVM signatures)
// are never copied.
func CopyMeta(dst, src *os.File) error {
	want, err := StatFile(src)
	if err != nil {
		return err
	}
	have, err := StatFile(dst)
	if err != nil {
		return err
	}
	if err := CopyOwner(dst, have, want); err != nil {
		return err
	}
	return copyAttrs(dst, src)
}
