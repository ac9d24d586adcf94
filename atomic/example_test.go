package atomic_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/forewrite/forewrite/atomic"
)

// tempDir makes a directory for an example.
func tempDir() (dir string, cleanup func()) {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	return dir, func() { os.RemoveAll(dir) }
}

func printFile(name string) {
	b, err := os.ReadFile(name)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(string(b))
}

// A file of settings that several processes change.
func Example() {
	dir, cleanup := tempDir()
	defer cleanup()
	name := filepath.Join(dir, "conf", "settings.json") // conf is made

	type settings struct {
		Theme    string
		FontSize int
	}
	if err := atomic.WriteJSON(name, settings{"dark", 12}, nil); err != nil {
		log.Fatal(err)
	}
	err := atomic.UpdateJSON(context.Background(), name, func(s *settings, exists bool) error {
		s.FontSize++
		return nil
	}, nil)
	if err != nil {
		log.Fatal(err)
	}
	printFile(name)
	// Output:
	// {
	//   "Theme": "dark",
	//   "FontSize": 13
	// }
}

func ExampleWriteFile() {
	dir, cleanup := tempDir()
	defer cleanup()
	name := filepath.Join(dir, "motd.txt")

	if err := atomic.WriteFile(name, []byte("hello\n"), 0o644, nil); err != nil {
		log.Fatal(err)
	}
	printFile(name)
	// Output: hello
}

func ExampleWrite() {
	dir, cleanup := tempDir()
	defer cleanup()
	name := filepath.Join(dir, "download")

	// A reader that fails before its end leaves the file unchanged.
	body := strings.NewReader("all of it\n")
	if err := atomic.Write(name, body, 0o644, nil); err != nil {
		log.Fatal(err)
	}
	body = strings.NewReader("half")
	broken := io.MultiReader(body, truncated{})
	err := atomic.Write(name, broken, 0o644, nil)
	fmt.Println(errors.Is(err, io.ErrUnexpectedEOF))
	printFile(name)
	// Output:
	// true
	// all of it
}

type truncated struct{}

func (truncated) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func ExampleCreate() {
	dir, cleanup := tempDir()
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
		log.Fatal(err)
	}
	printFile(name)
	// Output:
	// line 1
	// line 2
}

func ExampleFile_Seek() {
	dir, cleanup := tempDir()
	defer cleanup()
	name := filepath.Join(dir, "data")

	f, err := atomic.Create(name, 0o644, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	fmt.Fprint(f, "0 lines\n") // to be overwritten when the number is known
	lines := 0
	for range 3 {
		fmt.Fprint(f, "line\n")
		lines++
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		log.Fatal(err)
	}
	fmt.Fprint(f, lines)
	if err := f.Commit(); err != nil { // also reports a write that failed
		log.Fatal(err)
	}
	printFile(name)
	// Output:
	// 3 lines
	// line
	// line
	// line
}

func ExampleReadJSON() {
	dir, cleanup := tempDir()
	defer cleanup()
	name := filepath.Join(dir, "state.json")

	_, err := atomic.ReadJSON[[]string](name)
	fmt.Println(errors.Is(err, fs.ErrNotExist))

	if err := atomic.WriteJSON(name, []string{"a", "b"}, nil); err != nil {
		log.Fatal(err)
	}
	list, err := atomic.ReadJSON[[]string](name)
	fmt.Println(list, err)
	// Output:
	// true
	// [a b] <nil>
}

func ExampleUpdateJSON() {
	dir, cleanup := tempDir()
	defer cleanup()
	name := filepath.Join(dir, "visits.json")

	type visits struct {
		Count int
		Last  string
	}
	for _, page := range []string{"/", "/about", "/about"} {
		err := atomic.UpdateJSON(context.Background(), name, func(v *visits, exists bool) error {
			if !exists {
				fmt.Println("the first visit")
			}
			if v.Last == page {
				return atomic.ErrNoChange
			}
			v.Count++
			v.Last = page
			return nil
		}, nil)
		if err != nil {
			log.Fatal(err)
		}
	}
	printFile(name)
	// Output:
	// the first visit
	// {
	//   "Count": 2,
	//   "Last": "/about"
	// }
}

func ExampleLock() {
	dir, cleanup := tempDir()
	defer cleanup()
	path := filepath.Join(dir, "app.lock")

	lock, err := atomic.Lock(context.Background(), path, &atomic.LockOptions{
		Timeout: 5 * time.Second,
		OnWait:  func(h atomic.Holder) { fmt.Println("waiting for another process:", h) },
	})
	if err != nil {
		log.Fatal(err)
	}
	defer lock.Unlock()
	fmt.Println("locked")
	// Output: locked
}

func ExampleTryLock() {
	dir, cleanup := tempDir()
	defer cleanup()
	path := filepath.Join(dir, "app.lock")

	lock, err := atomic.TryLock(path)
	if err != nil {
		log.Fatal(err)
	}
	defer lock.Unlock()

	// A second one, here or in any other process:
	_, err = atomic.TryLock(path)
	var e *atomic.Error
	if errors.Is(err, atomic.ErrLocked) && errors.As(err, &e) {
		fmt.Println("held by this process:", e.Holder.PID == os.Getpid())
	}
	// Output: held by this process: true
}

func ExampleVersionOf() {
	dir, cleanup := tempDir()
	defer cleanup()
	name := filepath.Join(dir, "notes.txt")
	os.WriteFile(name, []byte("draft"), 0o644)

	seen, err := atomic.VersionOf(name)
	if err != nil {
		log.Fatal(err)
	}
	os.WriteFile(name, []byte("edited by another program"), 0o644)

	err = atomic.WriteFile(name, []byte("final"), 0o644, &atomic.Options{IfMatch: &seen})
	fmt.Println(errors.Is(err, atomic.ErrConflict))
	// Output: true
}

func ExampleOptions_noClobber() {
	dir, cleanup := tempDir()
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
	dir, cleanup := tempDir()
	defer cleanup()
	name := filepath.Join(dir, "app.conf")

	for _, content := range []string{"old\n", "new\n"} {
		err := atomic.WriteFile(name, []byte(content), 0o644, &atomic.Options{Backup: "~"})
		if err != nil {
			log.Fatal(err)
		}
	}
	printFile(name + "~")
	// Output: old
}

func ExampleOptions_root() {
	dir, cleanup := tempDir()
	defer cleanup()
	root, err := os.OpenRoot(dir)
	if err != nil {
		log.Fatal(err)
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
	dir, cleanup := tempDir()
	defer cleanup()

	// When a program starts: what earlier ones left when they crashed.
	n, err := atomic.RemoveStaleTemp(context.Background(), dir)
	fmt.Println(n, err)
	// Output: 0 <nil>
}
