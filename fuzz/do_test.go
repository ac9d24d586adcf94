package fuzz

import (
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"time"

	"github.com/forewrite/forewrite/atomic"
	"github.com/forewrite/forewrite/journal"
)

// watch ends everything, with the stacks of all goroutines, if the test is still
// at it after a minute: a journal that hangs must not go unseen while fuzzing. The
// function that it returns calls it off.
func watch(what string) (stop func() bool) {
	return time.AfterFunc(time.Minute, func() {
		debug.SetTraceback("all")
		panic("it hangs: " + what)
	}).Stop
}

// do is one operation of a transaction, for real.
func do(tx *journal.Tx, o op) error {
	data := []byte(o.content())
	switch o.verb {
	case "write":
		return tx.WriteFile(o.a, data, 0o644)
	case "create":
		return stream(tx, o.a, data)
	case "append":
		return tx.Append(o.a, data, 0o644)
	case "remove":
		return tx.Remove(o.a)
	case "removeall":
		return tx.RemoveAll(o.a)
	case "rename":
		return tx.Rename(o.a, o.b)
	case "copy":
		return tx.Copy(o.a, o.b)
	case "mkdir":
		return tx.Mkdir(o.a, 0o755)
	case "mkdirall":
		return tx.MkdirAll(o.a, 0o755)
	case "symlink":
		return tx.Symlink(o.b, o.a)
	case "chmod":
		return tx.Chmod(o.a, os.FileMode(o.n))
	case "read":
		_, err := tx.ReadFile(o.a)
		return err
	case "expect":
		b, err := tx.ReadFile(o.a)
		if err != nil {
			return err
		}
		return tx.Expect(o.a, atomic.VersionOfBytes(b))
	}
	return fmt.Errorf("no operation %q", o.verb)
}

func stream(tx *journal.Tx, name string, data []byte) error {
	f, err := tx.Create(name, 0o644)
	if err != nil {
		return err
	}
	for chunk := range slices.Chunk(data, 1000) {
		if _, err := f.Write(chunk); err != nil {
			f.Close()
			return err
		}
	}
	return f.Commit()
}
