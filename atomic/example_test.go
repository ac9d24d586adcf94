package atomic_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/forewrite/forewrite/atomic"
)

// inTempDir is where the examples play.
func inTempDir() (dir string, cleanup func()) {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	return dir, func() { os.RemoveAll(dir) }
}

func Example() {
	dir, cleanup := inTempDir()
	defer cleanup()
	name := filepath.Join(dir, "conf", "motd.txt") // conf is made

	if err := atomic.WriteFile(name, []byte("hello\n"), 0o644, nil); err != nil {
		fmt.Println(err)
		return
	}
	b, _ := os.ReadFile(name)
	fmt.Print(string(b))
	// Output: hello
}

func ExampleUpdateJSON() {
	dir, cleanup := inTempDir()
	defer cleanup()
	name := filepath.Join(dir, "visits.json")

	type visits struct {
		Count int
		Last  string
	}
	for _, who := range []string{"ann", "bob"} {
		err := atomic.UpdateJSON(context.Background(), name, func(v *visits, exists bool) error {
			if !exists {
				fmt.Println("the first visit")
			}
			v.Count++
			v.Last = who
			return nil
		}, nil)

		if err != nil {
			fmt.Println(err)
			return
		}
	}
	b, _ := os.ReadFile(name)
	fmt.Print(string(b))
	// Output:
	// the first visit
	// {
	//   "Count": 2,
	//   "Last": "bob"
	// }
}

func ExampleCreate() {
	dir, cleanup := inTempDir()
	defer cleanup()

	report := func(name string, lines int) error {
		f, err := atomic.Create(name, 0o644, nil)
		if err != nil {
			return err
		}
		defer f.Close() // without Commit it discards the file
		for i := range lines {
			if _, err := fmt.Fprintln(f, "line", i+1); err != nil {
				return err
			}
		}
		return f.Commit()
	}

	name := filepath.Join(dir, "report.txt")
	if err := report(name, 2); err != nil {
		fmt.Println(err)
		return
	}
	b, _ := os.ReadFile(name)
	fmt.Print(string(b))
	// Output:
	// line 1
	// line 2
}

func ExampleLock() {
	dir, cleanup := inTempDir()
	defer cleanup()
	path := filepath.Join(dir, "app.lock")

	lock, err := atomic.Lock(context.Background(), path, &atomic.LockOptions{Timeout: 5 * time.Second})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer lock.Unlock()

	// A second one, here or in any other process:
	_, err = atomic.TryLock(path)
	var held *atomic.Error
	if errors.As(err, &held) && errors.Is(err, atomic.ErrLocked) {
		fmt.Println("locked, held by this process:", held.Holder.PID == os.Getpid())
	}
	// Output: locked, held by this process: true
}

func ExampleVersionOf() {
	dir, cleanup := inTempDir()
	defer cleanup()
	name := filepath.Join(dir, "notes.txt")
	os.WriteFile(name, []byte("draft"), 0o644)

	seen, err := atomic.VersionOf(name)
	if err != nil {
		fmt.Println(err)
		return
	}
	os.WriteFile(name, []byte("edited by somebody else"), 0o644)

	err = atomic.WriteFile(name, []byte("final"), 0o644, &atomic.Options{IfMatch: &seen})
	fmt.Println(errors.Is(err, atomic.ErrConflict))
	// Output: true
}

func ExampleOptions_noClobber() {
	dir, cleanup := inTempDir()
	defer cleanup()
	name := filepath.Join(dir, "id")

	for _, id := range []string{"first", "second"} {
		err := atomic.WriteFile(name, []byte(id), 0o600, &atomic.Options{NoClobber: true})
		fmt.Println(id, errors.Is(err, fs.ErrExist))
	}
	// Output:
	// first false
	// second true
}

func ExampleOptions_backup() {
	dir, cleanup := inTempDir()
	defer cleanup()
	name := filepath.Join(dir, "app.conf")

	atomic.WriteFile(name, []byte("old"), 0o644, nil)
	atomic.WriteFile(name, []byte("new"), 0o644, &atomic.Options{Backup: "~"})
	b, _ := os.ReadFile(name + "~")
	fmt.Println(string(b))
	// Output: old
}

func ExampleOptions_root() {
	dir, cleanup := inTempDir()
	defer cleanup()
	root, err := os.OpenRoot(dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer root.Close()

	for _, name := range []string{"upload.txt", "../upload.txt"} {
		err := atomic.WriteFile(name, []byte("data"), 0o644, &atomic.Options{Root: root})
		fmt.Println(name, err == nil)
	}
	// Output:
	// upload.txt true
	// ../upload.txt false
}

func ExampleRemoveStaleTemp() {
	dir, cleanup := inTempDir()
	defer cleanup()

	// At the start of a program: what earlier ones left when they crashed.
	n, err := atomic.RemoveStaleTemp(context.Background(), dir)
	fmt.Println(n, err)
	// Output: 0 <nil>
}
