package atomic

import (
	"io"
	"io/fs"
)

// WriteFile replaces the content of the file by data, durably: a reader finds all
// of the old or all of the new content, at any instant and after any crash. A file
// that does not exist is made with the mode perm, less the umask, and so are
// missing parent directories. An existing file keeps its mode, owner and
// attributes.
//
// After an error the file is unchanged; see [ErrPublished] for the exceptions.
func WriteFile(name string, data []byte, perm fs.FileMode, opts *Options) error {
	c, err := newConfig(perm, opts)
	if err == nil {
		err = writeFile(name, data, c)
	}
	return wrap("write", name, err)
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

// Write is [WriteFile] with the content that r holds. It is copied in small pieces,
// so it may be larger than the memory. After an error of r, which is wrapped, the
// file is unchanged.
func Write(name string, r io.Reader, perm fs.FileMode, opts *Options) error {
	c, err := newConfig(perm, opts)
	if err == nil {
		err = writeFrom(name, r, c)
	}
	return wrap("write", name, err)
}

func writeFrom(name string, r io.Reader, c *config) error {
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
