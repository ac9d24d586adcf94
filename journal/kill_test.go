package journal_test

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/forewrite/forewrite/journal"
)

var kills = flag.Int("kills", 200, "how often TestKill kills a writer")

const writerRoot = "FOREWRITE_TEST_WRITER_ROOT"

func TestMain(m *testing.M) {
	if root := os.Getenv(writerRoot); root != "" {
		if err := killedWriter(root); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const writers = 4

// killedWriter commits until it is killed, and prints what is done. Each goroutine
// has a directory of its own, in which every file holds the number of its last
// transaction; one file grows, one moves from name to name, one is too large for
// the log, a directory comes and goes.
func killedWriter(root string) error {
	j, err := journal.Open(context.Background(), root, &journal.Options{
		SegmentSize: 64 << 10, InlineLimit: 4 << 10, CheckpointIdle: 2 * time.Millisecond})
	if err != nil {
		return err
	}
	go func() { // when the parent is gone, so are we
		io.Copy(io.Discard, os.Stdin)
		os.Exit(2)
	}()
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
	if d := diff(got, want); d != "" {
		return n, fmt.Errorf("after transaction %d:\n%s", n, d)
	}
	return n, nil
}

func TestKill(t *testing.T) {
	t.Parallel()
	n := *kills
	if testing.Short() {
		n /= 10
	}
	const roots = 4
	var group sync.WaitGroup
	for r := range roots {
		group.Go(func() { killAgainAndAgain(t, r, n/roots) })
	}
	group.Wait()
}

func killAgainAndAgain(t *testing.T, r, kills int) {
	root := t.TempDir()
	random := rand.New(rand.NewPCG(rand.Uint64(), uint64(r)))
	acknowledged := make([]int, writers)
	replayed := 0
	for k := range kills {
		life := time.Duration(random.IntN(40_000)) * time.Microsecond
		if err := runAndKill(t, root, life, acknowledged); err != nil {
			t.Errorf("kill %d: %v", k, err)
			return
		}
		if k%3 == 2 {
			continue // the next writer recovers, and may be killed while it does
		}
		j, err := journal.Open(context.Background(), root, nil)
		if err != nil {
			t.Errorf("kill %d: %v", k, err)
			return
		}
		replayed += j.Recovered().Replayed
		if left, _ := os.ReadDir(filepath.Join(root, ".journal", "staging")); len(left) > 0 {
			t.Errorf("kill %d: left in staging: %v", k, left)
		}
		if err := j.Close(); err != nil {
			t.Errorf("kill %d: close: %v", k, err)
		}
		all := content(t, root)
		for w := range writers {
			got, err := checkNumbers(all, fmt.Sprintf("w%d", w))
			if err != nil {
				t.Errorf("kill %d: %v", k, err)
			}
			if got < acknowledged[w] {
				t.Errorf("kill %d: w%d is at %d, acknowledged was %d", k, w, got, acknowledged[w])
			}
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("root %d: %d kills, transactions acknowledged %v, replayed %d", r, kills, acknowledged, replayed)
}

// runAndKill kills a writer some time after its first sign of life, or while it
// still recovers, and notes what it has acknowledged.
func runAndKill(t *testing.T, root string, life time.Duration, acknowledged []int) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), writerRoot+"="+root)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	defer stdin.Close()
	var stderr strings.Builder
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	timer := time.AfterFunc(10*time.Millisecond+life, func() { cmd.Process.Kill() })
	defer timer.Stop()
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		var w, n int
		if _, err := fmt.Sscan(lines.Text(), &w, &n); err != nil {
			return fmt.Errorf("the writer says %q", lines.Text())
		}
		acknowledged[w] = n
	}
	cmd.Wait() // "signal: killed" is what it shall say
	if stderr.Len() > 0 {
		return fmt.Errorf("the writer: %s", stderr.String())
	}
	return nil
}
