package apply

import "github.com/forewrite/forewrite/journal/record"

// Prepare makes the file, link or directory that the change will put into place, with
// its final mode, in staging, and sets c.Temp. A file takes over owner, group and
// extended attributes from its predecessor. What fails for lack of space fails here.
func (f *Files) Prepare(c *Change, from Predecessor) error {
	temp := f.Staging.NewName()
	var err error
	switch {
	case c.Op == record.OpMkdir:
		err = f.prepareDir(c, temp)
	case c.Op == record.OpSymlink:
		err = f.Staging.Root.Symlink(string(c.Payload.Data), temp)
	case c.Op != record.OpPut:
		return nil
	case c.Payload.Kind == record.PayloadInline:
		err = f.prepareInline(c, from, temp)
	default:
		err = f.Staging.Link(c.Payload.Name, temp)
	}
	if err != nil {
		f.Staging.Remove(temp)
		return err
	}
	c.Temp = temp
	return nil
}

// Discard removes what Prepare made, if it was not put into place.
func (f *Files) Discard(c *Change) {
	if c.Temp != "" {
		f.Staging.Remove(c.Temp)
	}
}

func (f *Files) prepareDir(c *Change, temp string) error {
	if err := f.Staging.Root.Mkdir(temp, 0o700); err != nil {
		return err
	}
	mode := c.Mode | 0o300 // files go in before the mode is final; see setsModeLast
	return f.Staging.Root.Chmod(temp, mode)
}

func (f *Files) prepareInline(c *Change, from Predecessor, temp string) error {
	// Usually with its final mode from the start: staging is closed to others.
	file, err := f.Staging.Create(temp, c.Mode)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := f.Staging.Reserve(file, c.Payload.Size); err != nil {
		return err
	}
	if _, err := file.Write(c.Payload.Data); err != nil {
		return err
	}
	if err := f.setMetadata(file, c, from); err != nil {
		return err
	}
	return file.Close()
}

// SyncStaged makes a payload in staging durable, with the mode and owner that it will
// have in place: the log names it and does not contain it.
func (f *Files) SyncStaged(c *Change, from Predecessor) error {
	file, err := f.Staging.Open(c.Payload.Name)
	if err != nil {
		return err
	}
	defer file.Close()
	if c.Payload.Kind == record.PayloadStaged {
		if err := f.setMetadata(file, c, from); err != nil {
			return err
		}
	}
	// A power loss after the commit point must find the content.
	return file.Sync()
}
