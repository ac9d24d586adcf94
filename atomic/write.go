package atomic

import (
	"io"
	"io/fs"
)

// WriteFile replaces the content of the file by data, durably: whoever reads it, at
// whatever instant and after whatever crash, finds all of the old or all of the new
// content. A missing file is made with that mode (before umask), its parents too.
// An existing file's mode, owner and attributes are kept.
//
// After an error the file is as it was; see [ErrPublished] for the exception.
func WriteFile(name string, data []byte, perm fs.FileMode, opts ...Option) error {
	return wrap("write", name, writeFile(name, data, newConfig(perm, opts)))
}

func writeFile(name string, data []byte, c *config) error {
	f, err := create(name, c)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.temp.Write(data); err != nil {
		return err
	}
	return f.commit()
}

// Write is [WriteFile] with the content from r, which is copied in small pieces: it
// may be larger than the memory. An error of r comes back wrapped, and then the
// file is as it was.
func Write(name string, r io.Reader, perm fs.FileMode, opts ...Option) error {
	return wrap("write", name, write(name, r, newConfig(perm, opts)))
}

func write(name string, r io.Reader, c *config) error {
	f, err := create(name, c)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := io.Copy(f.temp, r); err != nil {
		return err
	}
	return f.commit()
}
