package journal_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/forewrite/forewrite/internal/testtree"
	"github.com/forewrite/forewrite/journal"
)

// TestBadInput: every operation that can't be done fails before the commit point,
// with an error that says why; the tree is byte for byte as it was, and the
// journal takes the next transaction.
func TestBadInput(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("n", 256)
	cases := []struct {
		name string
		tx   txFunc
		want error
	}{
		{"absolute path", put("/etc/x", ""), fs.ErrInvalid},
		{"path out of the root", put("../x", ""), fs.ErrInvalid},
		{"path with dots", put("d/../a", ""), fs.ErrInvalid},
		{"empty path", put("", ""), fs.ErrInvalid},
		{"the root itself", put(".", ""), fs.ErrInvalid},
		{"NUL in a path", put("a\x00b", ""), fs.ErrInvalid},
		{"write through a link out of the root", put("out/x", ""), fs.ErrInvalid},
		{"write to a link out of the root", put("outfile", ""), fs.ErrInvalid},
		{"write to a link to an absolute path", put("abs", ""), fs.ErrInvalid},
		{"read through a link out of the root", reads("out/secret", ""), fs.ErrInvalid},
		{"rename through a link out of the root", mv("a", "out/a"), fs.ErrInvalid},
		{"remove through a link out of the root", rm("out/secret"), fs.ErrInvalid},
		{"remove all through a link out of the root", rmAll("out/secret"), fs.ErrInvalid},
		{"link loop", put("loop1", ""), syscall.ELOOP},
		{"the journal directory", put(".journal", ""), fs.ErrInvalid},
		{"a file in the journal directory", put(".journal/x", ""), fs.ErrInvalid},
		{"a file in the log", rm(".journal/log"), fs.ErrInvalid},
		{"the journal directory through a link", put("jlink/LOCK", ""), fs.ErrInvalid},
		{"remove all of the journal", rmAll(".journal"), fs.ErrInvalid},
		{"rename the journal", mv(".journal", "j"), fs.ErrInvalid},
		{"remove all of the root", rmAll("."), fs.ErrInvalid},
		{"missing parent", put("none/x", ""), fs.ErrNotExist},
		{"missing parent of a stream", stream("none/x", large), fs.ErrNotExist},
		{"missing parent of a directory", mkdir("none/x"), fs.ErrNotExist},
		{"a file as parent", put("a/x", ""), syscall.ENOTDIR},
		{"a directory where a file should go", put("d", ""), syscall.EISDIR},
		{"a new directory where a file should go", do(mkdir("n"), put("n", "")), syscall.EISDIR},
		{"a FIFO", put("fifo", ""), fs.ErrInvalid},
		{"read a FIFO", reads("fifo", ""), fs.ErrInvalid},
		{"append to a FIFO", add("fifo", ""), fs.ErrInvalid},
		{"rename a FIFO", mv("fifo", "f2"), fs.ErrInvalid},
		{"a socket", put("socket", ""), fs.ErrInvalid},
		{"name too long", put(long, ""), syscall.ENAMETOOLONG},
		{"name too long in a new directory", do(mkdir("n"), put("n/"+long, "")), syscall.ENAMETOOLONG},
		{"rename to a name too long", mv("a", long), syscall.ENAMETOOLONG},
		{"read a missing file", reads("none", ""), fs.ErrNotExist},
		{"remove a missing file", rm("none"), fs.ErrNotExist},
		{"remove a full directory", rm("d"), syscall.ENOTEMPTY},
		{"remove twice", do(rm("a"), rm("a")), fs.ErrNotExist},
		{"read what was removed", do(rm("a"), reads("a", "")), fs.ErrNotExist},
		{"read in a removed tree", do(rmAll("d"), reads("d/x", "")), fs.ErrNotExist},
		{"write into a removed tree", do(rmAll("d"), put("d/x", "")), fs.ErrNotExist},
		{"rename a missing file", mv("none", "x"), fs.ErrNotExist},
		{"rename to a missing directory", mv("a", "none/a"), fs.ErrNotExist},
		{"rename over a directory", mv("a", "empty"), fs.ErrExist},
		{"rename a directory over a file", mv("d", "a"), fs.ErrExist},
		{"rename a directory into itself", mv("d", "d/sub/d"), fs.ErrInvalid},
		{"make a directory that is there", mkdir("d"), fs.ErrExist},
		{"make directories over a file", mkdirAll("a/b"), syscall.ENOTDIR},
		{"link over a file", ln("b", "a"), fs.ErrExist},
		{"link to nothing", ln("", "l"), fs.ErrInvalid},
		{"chmod a missing file", chmod("none", 0o600), fs.ErrNotExist},
		{"copy a directory", cp("d", "e"), syscall.EISDIR},
		{"copy a missing file", cp("none", "x"), fs.ErrNotExist},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			parent := t.TempDir()
			root := filepath.Join(parent, "root")
			if err := os.Mkdir(root, 0o755); err != nil {
				t.Fatal(err)
			}
			beginning(t, root)
			hostile(t, parent, root)
			j := open(t, root, manual())
			before := tree(t, root)
			err := j.Update(t.Context(), do(put("b", "changed too"), c.tx))
			var te *journal.TxError
			if !errors.As(err, &te) || !errors.Is(err, c.want) {
				t.Errorf("got %v, want a TxError that is %v", err, c.want)
			}
			if d := testtree.Diff(tree(t, root), before); d != "" {
				t.Errorf("the tree changed:\n%s", d)
			}
			if left := staging(t, root); len(left) > 0 {
				t.Errorf("left in staging: %v", left)
			}
			if out := content(t, filepath.Join(parent, "outside")); out["secret"] != "S" || len(out) != 1 {
				t.Errorf("outside of the root: %v", out)
			}
			write(t, j, "b", "next")
		})
	}
}

// TestCommitWithAnOpenFile: a file that is still written to can't be committed, and
// the next transaction is not the worse for it.
func TestCommitWithAnOpenFile(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	j := open(t, root, manual())
	err := j.Update(t.Context(), func(tx *journal.Tx) error {
		_, err := tx.Create("x", 0o644)
		return err
	})
	var te *journal.TxError
	if !errors.As(err, &te) || !strings.Contains(err.Error(), "file x from Create was neither committed nor closed") {
		t.Errorf("got %v, want a TxError that says what is not closed", err)
	}
	if left := staging(t, root); len(left) > 0 {
		t.Errorf("left in staging: %v", left)
	}
	write(t, j, "x", "next")
	if d := testtree.Diff(content(t, root), map[string]string{"x": "next"}); d != "" {
		t.Error(d)
	}
}

// hostile adds what no operation may follow or open.
func hostile(t *testing.T, parent, root string) {
	t.Helper()
	outside := filepath.Join(parent, "outside")
	if err := errors.Join(
		os.Mkdir(outside, 0o755),
		os.WriteFile(filepath.Join(outside, "secret"), []byte("S"), 0o644),
		os.Symlink("../outside", filepath.Join(root, "out")),
		os.Symlink("../outside/secret", filepath.Join(root, "outfile")),
		os.Symlink(filepath.Join(root, "a"), filepath.Join(root, "abs")),
		os.Symlink("loop2", filepath.Join(root, "loop1")),
		os.Symlink("loop1", filepath.Join(root, "loop2")),
		os.Symlink(".journal", filepath.Join(root, "jlink")),
		mkfifo(filepath.Join(root, "fifo")),
		mksocket(filepath.Join(root, "socket")),
	); err != nil {
		t.Fatal(err)
	}
}

func TestTxMustNotBeUsedAfterItsEnd(t *testing.T) {
	t.Parallel()
	j := open(t, t.TempDir(), nil)
	for _, end := range []txFunc{
		func(tx *journal.Tx) error { return tx.Commit() },
		(*journal.Tx).Rollback,
	} {
		tx, err := j.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := end(tx); err != nil {
			t.Fatal(err)
		}
		for name, op := range map[string]txFunc{
			"write": put("a", ""), "read": reads("a", ""), "remove": rm("a"), "create": stream("a", ""), "rename": mv("a", "b"),
			"commit": func(tx *journal.Tx) error { return tx.Commit() },
			"fs":     func(tx *journal.Tx) error { _, err := fs.ReadFile(tx, "a"); return err },
		} {
			if err := op(tx); !errors.Is(err, journal.ErrTxDone) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := tx.Rollback(); err != nil {
			t.Errorf("Rollback: %v", err)
		}
	}
}

func TestClosedJournalRefuses(t *testing.T) {
	t.Parallel()
	j := open(t, t.TempDir(), nil)
	tx, err := j.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	_, beginErr := j.Begin(t.Context())
	for what, err := range map[string]error{
		"Begin":      beginErr,
		"WriteFile":  put("a", "")(tx),
		"Checkpoint": j.Checkpoint(t.Context()),
		"View":       j.View(t.Context(), func(fs.FS) error { return nil }),
	} {
		if !errors.Is(err, journal.ErrClosed) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := tx.Rollback(); err != nil {
		t.Errorf("Rollback: %v", err)
	}
}

// A second owner is refused before it has touched the log: it would recover what the
// first one is still writing.
func TestSecondOpenIsLockedOut(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	write(t, open(t, root, manual()), "a", "A")
	log := filepath.Join(root, ".journal", "log")
	before := frozen(t, log)
	const timeout = 50 * time.Millisecond
	start := time.Now()
	_, err := journal.Open(t.Context(), root, &journal.Options{LockTimeout: timeout})
	if !errors.Is(err, journal.ErrLocked) {
		t.Errorf("second open: %v", err)
	}
	if took := time.Since(start); took < timeout {
		t.Errorf("it waited no longer than %v", took)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := journal.Open(ctx, root, &journal.Options{LockTimeout: time.Hour}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("open with a context that ends: %v", err)
	}
	if d := testtree.Diff(frozen(t, log), before); d != "" {
		t.Errorf("the second open has changed the log:\n%s", d)
	}
}

func TestCanceledContext(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	j := open(t, root, nil)
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := j.Update(canceled, put("a", "A")); !errors.Is(err, context.Canceled) {
		t.Errorf("Update: %v", err)
	}
	holder, err := j.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Rollback()
	if err := mkdir("held")(holder); err != nil { // takes the writer lock
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := j.Update(ctx, mkdir("x")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Update while another holds the writer lock: %v", err)
	}
	if got := content(t, root); len(got) > 0 {
		t.Errorf("the tree has %v", got)
	}
}

func TestUnsafeJournalDirectoryIsRefused(t *testing.T) {
	t.Parallel()
	cases := map[string]func(dir string) error{
		"writable by others": func(dir string) error { return os.Chmod(dir, 0o777) },
		"log is writable by a group": func(dir string) error {
			return os.Chmod(filepath.Join(dir, "log"), 0o770)
		},
		"a link": func(dir string) error {
			return errors.Join(os.Rename(dir, dir+"2"), os.Symlink(".journal2", dir))
		},
		"staging is a link": func(dir string) error {
			return errors.Join(os.Remove(filepath.Join(dir, "staging")), os.Symlink("..", filepath.Join(dir, "staging")))
		},
		"a file": func(dir string) error {
			return errors.Join(os.RemoveAll(dir), os.WriteFile(dir, nil, 0o600))
		},
	}
	if os.Geteuid() == 0 {
		cases["owned by somebody else"] = func(dir string) error { return os.Chown(dir, 12345, -1) }
	}
	for name, spoil := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			j := open(t, root, nil)
			write(t, j, "a", "A")
			j.Close()
			if err := spoil(filepath.Join(root, ".journal")); err != nil {
				t.Fatal(err)
			}
			_, err := journal.Open(t.Context(), root, nil)
			if !errors.Is(err, journal.ErrUnsafe) {
				t.Errorf("Open: %v", err)
			}
		})
	}
}

func TestBadOptions(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for _, o := range []journal.Options{
		{Dir: "../x"}, {Dir: "/x"}, {Dir: "."}, {InlineLimit: -1}, {InlineLimit: 1 << 40}, {SegmentSize: -1}, {SegmentSize: 1},
	} {
		if _, err := journal.Open(t.Context(), root, &o); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	if _, err := journal.Open(t.Context(), filepath.Join(root, "none"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing root: %v", err)
	}
	if got := content(t, root); len(got) > 0 {
		t.Errorf("the root has %v", got)
	}
}

func TestFailingStreamLeavesNothing(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	j := open(t, root, nil)
	broken := errors.New("broken")
	err := j.Update(t.Context(), func(tx *journal.Tx) error {
		f, err := tx.Create("x", 0o644)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = io.Copy(f, io.MultiReader(strings.NewReader(large), errReader{broken}))
		return err
	})
	if err != broken {
		t.Errorf("Update: %v", err)
	}
	if left := staging(t, root); len(left) > 0 || len(content(t, root)) > 0 {
		t.Errorf("left: %v %v", left, content(t, root))
	}
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }
