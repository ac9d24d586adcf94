package fsx

import "os"

// CopyMeta gives dst the owner and the extended attributes of src, POSIX access
// lists among them, but not the mode and the times. The caller sets the mode
// afterwards: changing the owner clears its set-id bits, and on a file with an
// access list it is the list's mask.
//
// What only a privileged process may set, and what the file system of dst has no
// room for by design, is left out without an error. So a caller that depends on
// the owner compares it. Attributes that vouch for the old content (file
// capabilities, IMA and EVM signatures) are never copied.
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
