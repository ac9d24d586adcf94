package journal_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/forewrite/forewrite/atomic"
	"github.com/forewrite/forewrite/journal"
)

func Example() {
	root, err := os.MkdirTemp("", "example-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(root)
	ctx := context.Background()

	j, err := journal.Open(ctx, root, nil) // recovers first, if need be
	if err != nil {
		panic(err)
	}
	defer j.Close()
	err = j.Update(ctx, func(tx *journal.Tx) error {
		if err := tx.WriteFile("draft.md", []byte("# Hello\n"), 0o644); err != nil {
			return err
		}
		return journal.WriteJSON(tx, "index.json", []string{"draft.md"})
	})
	if err != nil {
		panic(err)
	}
	// Both files change together, or not at all.
	err = j.Update(ctx, func(tx *journal.Tx) error {
		if err := tx.Rename("draft.md", "published.md"); err != nil {
			return err
		}
		return journal.WriteJSON(tx, "index.json", []string{"published.md"})
	})
	if err != nil {
		panic(err)
	}
	data, err := os.ReadFile(filepath.Join(root, "index.json")) // they are plain files
	if err != nil {
		panic(err)
	}
	fmt.Printf("%s", data)
	// Output:
	// [
	//   "published.md"
	// ]
}

func ExampleJournal_View() {
	root, err := os.MkdirTemp("", "example-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(root)
	ctx := context.Background()
	j, err := journal.Open(ctx, root, nil)
	if err != nil {
		panic(err)
	}
	defer j.Close()
	set := func(text string) {
		err := j.Update(ctx, func(tx *journal.Tx) error {
			return errors.Join(tx.WriteFile("a", []byte(text), 0o644), tx.WriteFile("b", []byte(text), 0o644))
		})
		if err != nil {
			panic(err)
		}
	}
	set("old")
	err = j.View(ctx, func(fsys fs.FS) error {
		a, err := fs.ReadFile(fsys, "a")
		if err != nil {
			return err
		}
		set("new") // does not wait for the view
		b, err := fs.ReadFile(fsys, "b")
		fmt.Println(string(a), string(b))
		return err
	})
	if err != nil {
		panic(err)
	}
	// Output: old old
}

func ExampleTx_Expect() {
	root, err := os.MkdirTemp("", "example-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(root)
	ctx := context.Background()
	name := filepath.Join(root, "page.md")
	if err := os.WriteFile(name, []byte("v1"), 0o644); err != nil {
		panic(err)
	}
	j, err := journal.Open(ctx, root, nil)
	if err != nil {
		panic(err)
	}
	defer j.Close()

	seen, err := atomic.VersionOf(name) // what the user began to edit
	if err != nil {
		panic(err)
	}
	if err := os.WriteFile(name, []byte("somebody else's"), 0o644); err != nil {
		panic(err)
	}
	err = j.Update(ctx, func(tx *journal.Tx) error {
		if err := tx.Expect("page.md", seen); err != nil {
			return err
		}
		return tx.WriteFile("page.md", []byte("v2"), 0o644)
	})
	fmt.Println(errors.Is(err, journal.ErrConflict))
	// Output: true
}
