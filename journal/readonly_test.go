package journal_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/forewrite/forewrite/journal"
	"github.com/forewrite/forewrite/recovery"
)

func openReader(t *testing.T, root string) *journal.Journal {
	t.Helper()
	return open(t, root, &journal.Options{ReadOnly: true})
}

func TestReaderBesideAnOwner(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	owner := open(t, root, manual())
	write(t, owner, "a", "1")
	reader := openReader(t, root)
	read := func() (text string) {
		err := reader.View(t.Context(), func(fsys fs.FS) error {
			data, err := fs.ReadFile(fsys, "a")
			text = string(data)
			return err
		})
		if err != nil {
			t.Error(err)
		}
		return text
	}
	for n := range 20 {
		write(t, owner, "a", fmt.Sprint(n))
		if got := read(); got != fmt.Sprint(n) {
			t.Errorf("after commit %d: %q", n, got)
		}
	}
	if _, err := reader.Begin(t.Context()); !errors.Is(err, journal.ErrReadOnly) {
		t.Errorf("Begin: %v", err)
	}
	if err := owner.Close(); err != nil {
		t.Fatal(err)
	}
	before := names(t, root)
	if got := read(); got != "19" {
		t.Errorf("after the owner closed: %q", got)
	}
	if after := names(t, root); after != before {
		t.Errorf("reading has changed\n%sto\n%s", before, after)
	}
}

// names lists all files with size and time, the journal's too.
func names(t *testing.T, root string) string {
	var b strings.Builder
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		fi, err := d.Info()
		if err == nil {
			fmt.Fprintln(&b, p, fi.Size(), fi.ModTime().UnixNano())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestReaderWaitsForRecovery(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	j := open(t, root, manual())
	write(t, j, "a", "A")
	crash := crashed(t, root)
	if _, err := journal.Open(t.Context(), crash, &journal.Options{ReadOnly: true}); !errors.Is(err, journal.ErrNeedsRecovery) {
		t.Errorf("after a crash: %v", err)
	}
	recovered(t, crash)
	openReader(t, crash)
	if _, err := journal.Open(t.Context(), t.TempDir(), &journal.Options{ReadOnly: true}); !errors.Is(err, recovery.ErrNoJournal) {
		t.Errorf("without a journal: %v", err)
	}
}

func TestStuckReaderLosesItsView(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	owner := open(t, root, manual())
	write(t, owner, "a", "old")
	reader := openReader(t, root)
	err := reader.View(t.Context(), func(fsys fs.FS) error {
		start := time.Now()
		write(t, owner, "a", "new")
		if took := time.Since(start); took < time.Second || took > 20*time.Second {
			t.Errorf("the owner waited %v", took)
		}
		start = time.Now()
		write(t, owner, "a", "newer")
		if took := time.Since(start); took > time.Second {
			t.Errorf("the owner waited again, for %v", took)
		}
		_, err := fs.ReadFile(fsys, "a")
		return err
	})
	if !errors.Is(err, journal.ErrViewLost) {
		t.Errorf("the view: %v", err)
	}
	err = reader.View(t.Context(), func(fsys fs.FS) error {
		data, err := fs.ReadFile(fsys, "a")
		if string(data) != "newer" {
			t.Errorf("the next view reads %q", data)
		}
		return err
	})
	if err != nil {
		t.Errorf("the next view: %v", err)
	}
}

// TestReadersInOtherProcesses: while a writer in another process commits, and is
// killed and started anew, views of this process see only whole transactions.
func TestReadersInOtherProcesses(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	open(t, root, nil).Close()
	ctx, cancel := context.WithTimeout(t.Context(), *viewTime)
	defer cancel()
	var group sync.WaitGroup
	group.Go(func() {
		for ctx.Err() == nil {
			if err := writeAWhile(ctx, root); err != nil {
				t.Error(err)
				return
			}
		}
	})
	var views, reads, crashed int
	last := make(map[string]int)
	for ctx.Err() == nil && !t.Failed() {
		reader, err := journal.Open(context.Background(), root, &journal.Options{ReadOnly: true})
		if errors.Is(err, journal.ErrNeedsRecovery) {
			crashed++
			time.Sleep(time.Millisecond)
			continue
		}
		if err != nil {
			t.Error(err)
			break
		}
		for err == nil && ctx.Err() == nil {
			err = reader.View(context.Background(), func(fsys fs.FS) error {
				all := fsTree(t, fsys)
				for name, text := range all {
					mode, rest, _ := strings.Cut(text, " ")
					if mode[0] == 'd' {
						rest = "/"
					}
					all[name] = rest
				}
				for w := range writers {
					dir := fmt.Sprintf("w%d", w)
					n, err := checkNumbers(all, dir)
					if err != nil {
						return err
					}
					if n < last[dir] {
						return fmt.Errorf("%s went back from %d to %d", dir, last[dir], n)
					}
					last[dir] = n
				}
				views++
				reads += len(all)
				return nil
			})
		}
		if err != nil && !errors.Is(err, journal.ErrNeedsRecovery) {
			t.Error(err)
		}
		reader.Close()
	}
	group.Wait()
	t.Logf("%d views, %d reads, %d times in need of recovery, writers at %v", views, reads, crashed, last)
	if views < 5 {
		t.Error("too few to mean anything")
	}
}

// writeAWhile runs the writer of TestKill in another process, and kills it.
func writeAWhile(ctx context.Context, root string) error {
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), writerRoot+"="+root)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	defer stdin.Close()
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		return err
	}
	timer := time.AfterFunc(300*time.Millisecond, func() { cmd.Process.Kill() })
	defer timer.Stop()
	cmd.Wait()
	if stderr.Len() > 0 {
		return fmt.Errorf("the writer: %s", stderr.String())
	}
	return nil
}
