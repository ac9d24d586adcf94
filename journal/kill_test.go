package journal_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/forewrite/forewrite/internal/testenv"
	"github.com/forewrite/forewrite/internal/testtree"
	"github.com/forewrite/forewrite/journal"
)

var kills = flag.Int("kills", 200, "how often TestKill kills a writer")

func TestMain(m *testing.M) {
	testenv.Main(m, map[string]func() error{"writer": killedWriter})
}

const writers = 4

// killedWriter commits to the tree that its argument names until it is killed, and
// prints what is done. Each goroutine has a directory of its own, in which every file
// holds the number of its last transaction; one file grows, one moves from name to
// name, one is too large for the log, a directory comes and goes.
func killedWriter() error {
	testenv.ExitWithParent()
	j, err := journal.Open(context.Background(), os.Args[1], &journal.Options{
		SegmentSize: 64 << 10, InlineLimit: 4 << 10, CheckpointIdle: 2 * time.Millisecond})
	if err != nil {
		return err
	}
	errs := make(chan error)
	for w := range writers {
		go func() { errs <- writeOn(j, w) }()
	}
	return <-errs
}

func writeOn(j *journal.Journal, w int) error {
	dir := fmt.Sprintf("w%d", w)
	for {
		var n int
		err := j.Update(context.Background(), func(tx *journal.Tx) error {
			last, err := lastNumber(tx, dir)
			if err != nil {
				return err
			}
			n = last + 1
			return writeNumber(tx, dir, n)
		})
		if err != nil {
			return err
		}
		fmt.Printf("%d %d\n", w, n)
	}
}

func lastNumber(tx *journal.Tx, dir string) (int, error) {
	data, err := tx.ReadFile(dir + "/number")
	if err != nil {
		return 0, tx.Mkdir(dir, 0o755)
	}
	return strconv.Atoi(string(data))
}

func writeNumber(tx *journal.Tx, dir string, n int) error {
	text := strconv.Itoa(n)
	steps := []txFunc{
		put(dir+"/number", text),
		put(dir+"/copy", text),
		add(dir+"/grows", string(rune('a'+n%26))),
		put(dir+"/large", strings.Repeat(text+" ", 3000)),
		put(fmt.Sprintf("%s/moves%d", dir, n), text),
	}
	if n > 1 {
		steps = append(steps, rm(fmt.Sprintf("%s/moves%d", dir, n-1)))
	}
	if n%3 == 1 {
		steps = append(steps, mkdir(dir+"/comes"), put(dir+"/comes/x", text), mv(dir+"/comes/x", dir+"/comes/y"))
	}
	if n%3 == 0 {
		steps = append(steps, rmAll(dir+"/comes"))
	}
	return do(steps...)(tx)
}

// checkNumbers checks that the directory is as transaction n left it, whole.
func checkNumbers(all map[string]string, dir string) (n int, err error) {
	n, err = strconv.Atoi(all[dir+"/number"])
	if err != nil {
		if len(all[dir]) > 0 {
			return 0, fmt.Errorf("%s has no number", dir)
		}
		return 0, nil
	}
	text := strconv.Itoa(n)
	var grown strings.Builder
	for i := 1; i <= n; i++ {
		grown.WriteRune(rune('a' + i%26))
	}
	want := map[string]string{
		dir: "/", dir + "/number": text, dir + "/copy": text, dir + "/grows": grown.String(),
		dir + "/large": strings.Repeat(text+" ", 3000), fmt.Sprintf("%s/moves%d", dir, n): text,
	}
	if n%3 != 0 {
		want[dir+"/comes"] = "/"
		want[dir+"/comes/y"] = strconv.Itoa(n - n%3 + 1)
	}
	got := make(map[string]string)
	for name, text := range all {
		if name == dir || strings.HasPrefix(name, dir+"/") {
			got[name] = text
		}
	}
	if d := testtree.Diff(got, want); d != "" {
		return n, fmt.Errorf("after transaction %d:\n%s", n, d)
	}
	return n, nil
}

// TestKill kills writers again and again. After each kill the next one recovers, or
// this process does: then every transaction is there whole or not at all, and none
// that was acknowledged is missing.
func TestKill(t *testing.T) {
	t.Parallel()
	n := *kills
	if testing.Short() {
		n /= 10
	}
	const roots = 4
	var replayed atomic.Int64
	t.Run("roots", func(t *testing.T) {
		for r := range roots {
			t.Run(fmt.Sprint(r), func(t *testing.T) {
				t.Parallel()
				replayed.Add(int64(killAgainAndAgain(t, max(2, n/roots))))
			})
		}
	})
	if replayed.Load() == 0 {
		t.Error("no kill left anything to recover")
	}
}

func killAgainAndAgain(t *testing.T, kills int) (replayed int) {
	root := t.TempDir()
	acknowledged := make([]int, writers)
	for k := range kills {
		var err error
		if k%2 == 0 {
			err = killAtCommit(t, root, 1+rand.IntN(30), acknowledged)
		} else { // maybe while it still recovers
			err = killAfter(t, root, time.Duration(1+rand.IntN(50_000))*time.Microsecond, acknowledged)
		}
		if err != nil {
			t.Fatalf("kill %d: %v", k, err)
		}
		if k%3 == 2 {
			continue // the next writer recovers, and may be killed while it does
		}
		replayed += checkKilled(t, root, acknowledged)
		if t.Failed() {
			t.Fatalf("after kill %d", k)
		}
	}
	t.Logf("%d kills, transactions acknowledged %v, replayed %d", kills, acknowledged, replayed)
	return replayed
}

// checkKilled recovers what a killed writer has left, compares it with what was
// acknowledged, and returns how many transactions were replayed.
func checkKilled(t *testing.T, root string, acknowledged []int) (replayed int) {
	t.Helper()
	j, err := journal.Open(context.Background(), root, nil)
	if err != nil {
		t.Fatal(err)
	}
	replayed = j.Recovered().Replayed
	if left := staging(t, root); len(left) > 0 {
		t.Errorf("left in staging: %v", left)
	}
	if err := j.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	all := content(t, root)
	for w := range writers {
		got, err := checkNumbers(all, fmt.Sprintf("w%d", w))
		if err != nil {
			t.Error(err)
		}
		if got < acknowledged[w] {
			t.Errorf("w%d is at %d, acknowledged was %d", w, got, acknowledged[w])
		}
	}
	return replayed
}

// killAtCommit kills a writer when it has committed so many transactions.
func killAtCommit(t *testing.T, root string, commits int, acknowledged []int) error {
	return testenv.RunAndKill(t, 0, func(line string) (bool, error) {
		commits--
		return commits <= 0, acknowledge(acknowledged, line)
	}, "writer", root)
}

// killAfter kills a writer some time after it was started.
func killAfter(t *testing.T, root string, life time.Duration, acknowledged []int) error {
	return testenv.RunAndKill(t, life, func(line string) (bool, error) {
		return false, acknowledge(acknowledged, line)
	}, "writer", root)
}

// acknowledge notes what a writer has printed.
func acknowledge(acknowledged []int, line string) error {
	var w, n int
	if _, err := fmt.Sscan(line, &w, &n); err != nil || w < 0 || w >= len(acknowledged) {
		return fmt.Errorf("the writer says %q", line)
	}
	acknowledged[w] = n
	return nil
}
