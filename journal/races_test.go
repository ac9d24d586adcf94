package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/forewrite/forewrite/journal/record"
)

func openInternal(t *testing.T, root string, opts *Options) *Journal {
	t.Helper()
	j, err := Open(t.Context(), root, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

func putInternal(name string, size int) func(*Tx) error {
	return func(tx *Tx) error { return tx.WriteFile(name, make([]byte, size), 0o644) }
}

// A counter that goroutines increment while one write of the log in four fails for
// lack of space: nobody may have read what was aborted.
func TestNoTransactionBuildsOnAnAbortedOne(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	j := openInternal(t, root, &Options{CheckpointIdle: -1, InlineLimit: 100})
	if err := j.Update(t.Context(), func(tx *Tx) error { return tx.WriteFile("c", []byte("0"), 0o644) }); err != nil {
		t.Fatal(err)
	}
	full := errors.New("full")
	p := j.owner.pipeline
	write := p.write
	p.write = func(batch []*request) (record.LSN, error) {
		if rand.IntN(4) == 0 {
			return 0, full
		}
		return write(batch)
	}
	increment := func(tx *Tx) error {
		data, err := tx.ReadFile("c")
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(string(data))
		if err != nil {
			return err
		}
		return tx.WriteFile("c", []byte(strconv.Itoa(n+1)), 0o644)
	}
	var acknowledged, refused atomic.Int64
	var group sync.WaitGroup
	end := time.Now().Add(3 * time.Second)
	for g := range 6 {
		group.Go(func() {
			for time.Now().Before(end) {
				fn := increment
				if g >= 4 {
					fn = putInternal(fmt.Sprint("blind", g), rand.IntN(300))
				}
				switch err := j.Update(t.Context(), fn); {
				case errors.Is(err, full):
					refused.Add(1)
				case err != nil:
					t.Error(err)
				case g < 4:
					acknowledged.Add(1)
				}
			}
		})
	}
	group.Go(func() {
		for time.Now().Before(end) {
			if err := j.Checkpoint(t.Context()); err != nil && !errors.Is(err, full) {
				t.Error(err)
			}
		}
	})
	group.Wait()
	data, err := os.ReadFile(filepath.Join(root, "c"))
	if err != nil || string(data) != fmt.Sprint(acknowledged.Load()) || refused.Load() == 0 {
		t.Errorf("counter %s, %v; %d acknowledged, %d refused", data, err, acknowledged.Load(), refused.Load())
	}
	if n := j.owner.inFlight.Len(); n != 0 || p.unacknowledged != 0 || len(p.queue) != 0 || p.leading {
		t.Errorf("in flight %d, unacknowledged %d, queue %d, leading %v", n, p.unacknowledged, len(p.queue), p.leading)
	}
	if err := j.Checkpoint(t.Context()); err != nil && !errors.Is(err, full) {
		t.Error(err)
	}
	p.write = write
	if err := j.Checkpoint(t.Context()); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(filepath.Join(root, ".journal", "staging")); len(left) > 0 {
		t.Errorf("left in staging: %v", left)
	}
}

// A checkpoint whose mark could not be logged is made up for by the next one.
func TestACheckpointIsMarkedAgainAfterItCouldNotBe(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	j := openInternal(t, root, &Options{CheckpointIdle: -1})
	p := j.owner.pipeline
	write, fail := p.write, true
	p.write = func(batch []*request) (record.LSN, error) {
		if batch[0].checkpoint && fail {
			fail = false
			return 0, syscall.ENOSPC
		}
		return write(batch)
	}
	if err := j.Update(t.Context(), putInternal("large", 1<<20)); err != nil {
		t.Fatal(err)
	}
	if err := j.Checkpoint(t.Context()); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("the first one: %v", err)
	}
	if err := j.Checkpoint(t.Context()); err != nil {
		t.Errorf("the second one: %v", err)
	}
	if c := j.owner.checkpoints; c.checkpointed != j.owner.dirty.lastApplied() {
		t.Errorf("checkpointed %d, applied %d", c.checkpointed, j.owner.dirty.lastApplied())
	}
	if left, _ := os.ReadDir(filepath.Join(root, ".journal", "staging")); len(left) > 0 {
		t.Errorf("left in staging: %v", left)
	}
	before := j.Stats().Groups
	if err := j.Checkpoint(t.Context()); err != nil || j.Stats().Groups != before {
		t.Errorf("one that has nothing to do wrote %d groups, %v", j.Stats().Groups-before, err)
	}
}

// Checkpoint covers what was acknowledged before it was called, also while the rest of
// the group is still applied.
func TestCheckpointCoversWhatWasAcknowledged(t *testing.T) {
	t.Parallel()
	j := openInternal(t, t.TempDir(), &Options{CheckpointIdle: -1})
	for n := range 200 {
		var group sync.WaitGroup
		for g := range 3 {
			group.Go(func() {
				if err := j.Update(t.Context(), putInternal(fmt.Sprint(g), n%7)); err != nil {
					t.Error(err)
				}
				if err := j.Checkpoint(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if c, applied := j.owner.checkpoints.checkpointed, j.owner.dirty.lastApplied(); c != applied {
			t.Fatalf("round %d: checkpointed %d, applied %d", n, c, applied)
		}
	}
}

// A file in flight may be applied and checkpointed while a directory with it is renamed.
func TestRenameOfWhatIsInFlight(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "d0"), 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range 1000 {
		if err := os.WriteFile(filepath.Join(root, "d0", fmt.Sprint("f", i)), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	j := openInternal(t, root, &Options{CheckpointIdle: -1, InlineLimit: 1000})
	stop := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				if err := j.Checkpoint(t.Context()); err != nil {
					t.Error(err)
				}
			}
		}
	})
	for n := range 15 {
		done := make(chan error)
		go func() { done <- j.Update(t.Context(), putInternal(fmt.Sprintf("d%d/aaa", n), 5000)) }()
		err := j.Update(t.Context(), func(tx *Tx) error { return tx.Rename(fmt.Sprint("d", n), fmt.Sprint("d", n+1)) })
		if err != nil {
			t.Errorf("round %d: %v", n, err)
		}
		if err := <-done; err != nil && !errors.Is(err, fs.ErrNotExist) { // the directory was renamed first
			t.Errorf("round %d: %v", n, err)
		}
	}
	close(stop)
	group.Wait()
}

// A link may lead to the root; what would change the root must not get into the log.
func TestTheRootCannotBeChangedThroughALink(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	if err := os.Symlink(".", filepath.Join(root, "self")); err != nil {
		t.Fatal(err)
	}
	j := openInternal(t, root, &Options{CheckpointIdle: -1})
	for name, fn := range map[string]func(*Tx) error{
		"chmod":  func(tx *Tx) error { return tx.Chmod("self", 0o755) },
		"write":  func(tx *Tx) error { return tx.WriteFile("self", nil, 0o644) },
		"append": func(tx *Tx) error { return tx.Append("self", nil, 0o644) },
	} {
		if err := j.Update(t.Context(), fn); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := readDirInternal(t, j, "self"); err != nil {
		t.Errorf("reading through it: %v", err)
	}
	if err := j.Update(t.Context(), putInternal("self/f", 1)); err != nil {
		t.Errorf("writing below it: %v", err)
	}
	if got := j.Stats().Transactions; got != 2 {
		t.Errorf("%d transactions", got)
	}
}

func readDirInternal(t *testing.T, j *Journal, name string) (entries []fs.DirEntry, err error) {
	err = j.Update(t.Context(), func(tx *Tx) error {
		entries, err = tx.ReadDir(name)
		return err
	})
	return entries, err
}

// A snapshot of a read-only journal must not outlive it: it keeps the owner from
// applying.
func TestASnapshotOfAReadOnlyJournalEndsWithIt(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	j := openInternal(t, root, nil)
	if err := j.Update(t.Context(), putInternal("a", 1)); err != nil {
		t.Fatal(err)
	}
	reader := openInternal(t, root, &Options{ReadOnly: true})
	s, err := reader.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if err := j.Update(t.Context(), putInternal("a", 2)); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("the commit took %v", took)
	}
	if _, err := s.ReadFile("a"); !errors.Is(err, ErrClosed) {
		t.Errorf("the snapshot: %v", err)
	}
}

// What fits no segment that can be made must not let a later checkpoint retire the
// segment that is written to.
func TestAGroupThatDoesNotFitLeavesTheLogWhole(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	opts := &Options{CheckpointIdle: -1, InlineLimit: 8 << 20, SegmentSize: 64 << 10}
	j := openInternal(t, root, opts)
	for n := range 40 { // until the next segment is being made ahead
		if err := j.Update(t.Context(), putInternal(fmt.Sprint("f", n%3), 1000)); err != nil {
			t.Fatal(err)
		}
	}
	log := filepath.Join(root, ".journal", "log")
	segments := func() int {
		entries, err := os.ReadDir(log)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, e := range entries {
			if !strings.HasPrefix(e.Name(), "new-") {
				n++
			}
		}
		return n
	}
	for deadline := time.Now().Add(10 * time.Second); segments() < 2 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	if segments() < 2 {
		t.Fatal("no segment was made ahead")
	}
	// The next segment is there, too small for a large group, and no other can be made.
	if err := os.Rename(log, log+"-away"); err != nil {
		t.Fatal(err)
	}
	err := j.Update(t.Context(), putInternal("large", 4<<20))
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the large one: %v", err)
	}
	if err := os.Rename(log+"-away", log); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := j.Update(t.Context(), putInternal("small", 10)); err != nil {
			t.Fatal(err)
		}
		if err := j.Checkpoint(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Update(t.Context(), putInternal("last", 10)); err != nil {
		t.Fatal(err)
	}
	crash := t.TempDir()
	if err := os.CopyFS(crash, os.DirFS(root)); err != nil {
		t.Fatal(err)
	}
	if err := filepath.WalkDir(filepath.Join(crash, ".journal"), func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		return os.Chmod(p, 0o700)
	}); err != nil {
		t.Fatal(err)
	}
	again, err := Open(t.Context(), crash, opts)
	if err != nil {
		t.Fatalf("after a crash: %v", err)
	}
	defer again.Close()
	if fi, err := os.Stat(filepath.Join(crash, "last")); err != nil || fi.Size() != 10 {
		t.Errorf("the last file: %v, %v", fi, err)
	}
}

// A directory that holds the journal directory can't be moved or removed.
func TestADirectoryWithTheJournalInItStays(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "state"), 0o755); err != nil {
		t.Fatal(err)
	}
	j := openInternal(t, root, &Options{Dir: "state/journal"})
	for name, fn := range map[string]func(*Tx) error{
		"rename":     func(tx *Tx) error { return tx.Rename("state", "elsewhere") },
		"remove":     func(tx *Tx) error { return tx.Remove("state") },
		"remove all": func(tx *Tx) error { return tx.RemoveAll("state") },
	} {
		if err := j.Update(t.Context(), fn); !errors.Is(err, fs.ErrInvalid) && !errors.Is(err, syscall.ENOTEMPTY) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := j.Update(t.Context(), putInternal("state/f", 1)); err != nil {
		t.Errorf("a file beside it: %v", err)
	}
}

// Of several first opens of a root one makes the journal, and the others wait for it.
func TestFirstOpensWaitForEachOther(t *testing.T) {
	t.Parallel()
	for range 40 {
		root := t.TempDir()
		var group sync.WaitGroup
		for range 2 {
			group.Go(func() {
				j, err := Open(t.Context(), root, nil)
				if err == nil {
					err = j.Close()
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
	}
}

// Reading leaves nothing to checkpoint.
func TestReadsCauseNoCheckpoint(t *testing.T) {
	t.Parallel()
	j := openInternal(t, t.TempDir(), &Options{CheckpointIdle: -1})
	if err := j.Update(t.Context(), putInternal("a", 3)); err != nil {
		t.Fatal(err)
	}
	if err := j.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := j.Stats().Groups
	for range 3 {
		if _, err := readDirInternal(t, j, "."); err != nil {
			t.Fatal(err)
		}
		if err := j.Checkpoint(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if after := j.Stats().Groups; after != before {
		t.Errorf("three reads wrote %d groups", after-before)
	}
}

// A payload that a cleaner has removed must not make a transaction look for it for
// ever, with the writer lock held.
func TestAMissingPayloadEndsARename(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	j := openInternal(t, root, &Options{CheckpointIdle: -1, InlineLimit: 100})
	p := j.owner.pipeline
	apply, written, resume := p.apply, make(chan struct{}), make(chan struct{})
	p.apply = func(batch []*request, lsn record.LSN, done func(*request)) (int, error) {
		close(written)
		<-resume
		return apply(batch, lsn, done)
	}
	committed := make(chan error)
	go func() { committed <- j.Update(t.Context(), putInternal("large", 1000)) }()
	<-written
	staging := filepath.Join(root, ".journal", "staging")
	entries, err := os.ReadDir(staging)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if err := os.Remove(filepath.Join(staging, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	for name, fn := range map[string]func(*Tx) error{
		"rename": func(tx *Tx) error { return tx.Rename("large", "elsewhere") },
		"read":   func(tx *Tx) error { _, err := tx.ReadFile("large"); return err },
	} {
		if err := j.Update(t.Context(), fn); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
	}
	close(resume)
	if err := <-committed; !errors.Is(err, ErrCommitted) {
		t.Errorf("the commit: %v", err)
	}
}

func TestAViewAcrossCloseOfAReadOnlyJournalIsClosed(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	owner := openInternal(t, root, nil)
	if err := owner.Update(t.Context(), putInternal("a", 3)); err != nil {
		t.Fatal(err)
	}
	reader := openInternal(t, root, &Options{ReadOnly: true})
	if err := reader.View(t.Context(), func(fs.FS) error { return reader.Close() }); !errors.Is(err, ErrClosed) {
		t.Errorf("%v", err)
	}
}

// fullLog returns a journal whose segment is full and that can make no other, here
// since the log directory is away.
func fullLog(t *testing.T, opts *Options) (*Journal, func()) {
	t.Helper()
	root := t.TempDir()
	j := openInternal(t, root, opts)
	if err := j.Update(t.Context(), putInternal("a", 1)); err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(root, ".journal", "log")
	if err := os.Rename(log, log+"-away"); err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{64 << 10, 4 << 10, 0} {
		for err := error(nil); err == nil; {
			err = j.Update(t.Context(), putInternal("f", size))
		}
	}
	return j, func() {
		if err := os.Rename(log+"-away", log); err != nil {
			t.Error(err)
		}
	}
}

// On a full disk the mark of a checkpoint, which frees space, must go through whatever
// else is in the queue.
func TestAMarkGoesThroughBesideOthers(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]bool{"before them": true, "after them": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j, repair := fullLog(t, &Options{CheckpointIdle: -1})
			defer repair()
			o := j.owner
			stamp := o.pipeline.aborted.Load()
			writer := newRequest("w")
			writer.records = make([]byte, 100)
			mark := &request{records: record.AppendCheckpoint(nil, o.newMark(o.dirty.lastApplied())), checkpoint: true}
			queue := []*request{{}, writer, mark} // the first one only reads
			if first {
				queue = []*request{mark, {}, writer}
			}
			for _, r := range queue {
				if err := o.pipeline.enqueue(r, stamp); err != nil {
					t.Fatal(err)
				}
			}
			outcomes := make(map[*request]chan error)
			for _, r := range queue {
				outcome := make(chan error, 1)
				outcomes[r] = outcome
				go func() { outcome <- o.pipeline.await(r) }()
			}
			if err := <-outcomes[mark]; err != nil {
				t.Errorf("the mark: %v", err)
			}
			if err := <-outcomes[writer]; err == nil {
				t.Error("the writer fits")
			}
			if p := o.pipeline; p.inFlight.Len() != 0 {
				t.Errorf("%d paths in flight", p.inFlight.Len())
			}
		})
	}
}

// A checkpoint in the background whose mark could not be logged is tried again, also
// when nothing is committed any more.
func TestAFailedCheckpointIsTriedAgain(t *testing.T) {
	t.Parallel()
	j := openInternal(t, t.TempDir(), &Options{CheckpointIdle: 20 * time.Millisecond})
	p := j.owner.pipeline
	write := p.write
	var failed atomic.Bool
	p.write = func(batch []*request) (record.LSN, error) {
		if batch[0].checkpoint && !failed.Swap(true) {
			return 0, syscall.ENOSPC
		}
		return write(batch)
	}
	if err := j.Update(t.Context(), putInternal("a", 1)); err != nil {
		t.Fatal(err)
	}
	groups := j.Stats().Groups
	for deadline := time.Now().Add(10 * time.Second); j.Stats().Groups == groups; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("no mark is in the log; failed: %v", failed.Load())
		}
	}
	if !failed.Load() {
		t.Error("the first mark did not fail")
	}
}
