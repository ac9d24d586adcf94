package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/forewrite/forewrite/internal/inspect/inspecttest"
	"github.com/forewrite/forewrite/journal"
	"github.com/forewrite/forewrite/journal/record"
	"github.com/forewrite/forewrite/recovery"
)

// inspectNow runs the command line and returns exit code and output.
func inspectNow(ctx context.Context, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = run(ctx, args, &out, &errs)
	return code, out.String(), errs.String()
}

// own opens a journal.
func own(t *testing.T, root string, opts *journal.Options) *journal.Journal {
	t.Helper()
	j, err := journal.Open(t.Context(), root, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

func put(t *testing.T, j *journal.Journal, n int) {
	t.Helper()
	err := j.Update(t.Context(), func(tx *journal.Tx) error {
		if err := tx.WriteFile(fmt.Sprintf("f%d", n%7), bytes.Repeat([]byte{byte(n)}, n%3000), 0o644); err != nil {
			return err
		}
		return tx.WriteFile("last", fmt.Appendln(nil, n), 0o644)
	})
	if err != nil {
		t.Error(err)
	}
}

// Whatever the owner is doing, a look at the journal finds nothing wrong, and does
// not disturb it. Segments are so small that the owner often begins a new one.
func TestBesideALiveOwner(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	j := own(t, root, &journal.Options{SegmentSize: 16 << 10, CheckpointIdle: 10 * time.Millisecond})
	put(t, j, 0)
	stop := make(chan struct{})
	var writers sync.WaitGroup
	for range 2 {
		writers.Go(func() {
			for n := 1; ; n++ {
				select {
				case <-stop:
					return
				default:
					put(t, j, n)
				}
			}
		})
	}
	commands := [][]string{{"status"}, {"check"}, {"check", "--targets"}, {"dump"}, {"plan"}, {"stats"}, {"timeline"}}
	for range 4 {
		for _, command := range commands {
			args := append(command[:len(command):len(command)], root)
			if code, out, errs := inspectNow(t.Context(), args...); code != exitClean {
				t.Errorf("%v: exit code %d\n%s%s", args, code, out[:min(len(out), 4000)], errs)
			}
		}
	}
	close(stop)
	writers.Wait()
	if err := j.Close(); err != nil {
		t.Error(err)
	}
	if code, out, _ := inspectNow(t.Context(), "check", "--targets", root); code != exitClean || !strings.Contains(out, "closed by its owner") {
		t.Errorf("after close: exit code %d\n%s", code, out)
	}
}

// Followed, the log of a live owner shows every group once and in order, those that
// were there and those that the owner goes on to write.
func TestFollowShowsWhatTheOwnerWrites(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	j := own(t, root, &journal.Options{CheckpointIdle: -1}) // so that nothing is retired
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, w := io.Pipe()
	var errs bytes.Buffer
	exit := make(chan int)
	go func() {
		code := run(ctx, []string{"dump", "--follow", "--json", root}, w, &errs)
		w.Close()
		exit <- code
	}()
	lines := json.NewDecoder(r)
	groups := record.LSN(0)
	for n := range 6 {
		for k := range 10 {
			put(t, j, 10*n+k)
		}
		for last := record.TxID(0); last < record.TxID(10*(n+1)); {
			var line struct {
				Type string
				LSN  record.LSN
				Kind string
				Tx   record.TxID
			}
			if err := lines.Decode(&line); err != nil {
				t.Fatal(err)
			}
			if line.Type == "group" {
				if groups++; line.LSN != groups {
					t.Fatalf("group %d comes after %d", line.LSN, groups-1)
				}
			}
			if line.Kind == "commit" {
				last = line.Tx
			}
		}
	}
	cancel()
	go io.Copy(io.Discard, r)
	if code := <-exit; code != exitInterrupt || errs.String() != "journal-inspect: interrupted\n" {
		t.Errorf("exit code %d, want %d; on stderr: %s", code, exitInterrupt, &errs)
	}
}

// What plan prints is what Open then does.
func TestPlanIsWhatOpenDoes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		script string
		policy recovery.Policy
		flags  []string
	}{
		"closed":    {script: "open\ntx 1 put a one\nclose"},
		"killed":    {script: "open\ntx 1 put a one ; put b one\ntx 2 put b two ; remove c ; mkdir d ; put d/e x"},
		"torn":      {script: "open\ntx 1 put a one\ntorn 60"},
		"no parent": {script: "open\ntx 1 put gone/a one ; put b two"},
		"staged":    {script: "open\ntx 1 staged a s-1 one ; linked b s-2 two\ndraft 2 put x y"},
		"half way":  {script: "open\ntx 1 put a one\ntx 2 removeall a ; put c three"},
		"damaged": {script: "open\ntx 1 put a one ; put b one\ntx 2 put a two\ntx 3 put b three\nclose\nflip 1 0xc0",
			policy: recovery.Salvage, flags: []string{"--salvage"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			if err := inspecttest.Build(root, tt.script); err != nil {
				t.Fatal(err)
			}
			for _, file := range []string{"b", "c"} {
				if err := os.WriteFile(filepath.Join(root, file), []byte("edited by hand"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			args := append([]string{"plan", root}, tt.flags...)
			_, text, _ := inspectNow(t.Context(), args...)
			_, out, _ := inspectNow(t.Context(), append(args, "--json")...)
			var plan struct{ Actions []action }
			if err := json.Unmarshal([]byte(strings.Split(out, "\n")[1]), &plan); err != nil {
				t.Fatalf("%v in %s", err, out)
			}
			j, err := journal.Open(t.Context(), root, &journal.Options{Recovery: tt.policy})
			if err != nil {
				t.Fatal(err)
			}
			defer j.Close()
			var done []action
			for _, a := range j.Recovered().Actions {
				done = append(done, action{a.Path, a.Op, a.Decision.String(), a.Reason})
			}
			if !slices.Equal(plan.Actions, done) {
				t.Errorf("planned %v\ndone %v", plan.Actions, done)
			}
			if got, _, _ := strings.Cut(text, "\n"); got != j.Recovered().Summary() {
				t.Errorf("planned %q, done %q", got, j.Recovered().Summary())
			}
		})
	}
}

type action struct{ Path, Op, Decision, Reason string }

// cancelWriter cancels when it has been written to.
type cancelWriter struct {
	bytes.Buffer
	cancel func()
}

func (w *cancelWriter) Write(b []byte) (int, error) {
	w.cancel()
	return w.Buffer.Write(b)
}

// An interrupted scan shows what it saw.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	script := "open\n"
	for n := range 3000 {
		script += fmt.Sprintf("tx %d put some/path/%d text\n", n+1, n)
	}
	if err := inspecttest.Build(root, script); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	w := &cancelWriter{cancel: cancel}
	var errs bytes.Buffer
	code := run(ctx, []string{"dump", root}, w, &errs)
	if code != exitInterrupt || !strings.Contains(w.String(), "group 100 ") || strings.Contains(w.String(), "group 3000 ") {
		t.Errorf("exit code %d, %d bytes", code, w.Len())
	}
	if got := errs.String(); got != "journal-inspect: interrupted\n" {
		t.Errorf("it says %q", got)
	}
	for command, want := range map[string]string{"check": "\ntail    not known: context canceled\n", "stats": "\ngroups        0\n"} {
		code, out, _ := inspectNow(ctx, command, root)
		if code != exitInterrupt || !strings.Contains(out, want) {
			t.Errorf("%s: exit code %d\n%s", command, code, out)
		}
	}
	_, out, _ := inspectNow(ctx, "check", "--json", root)
	if !strings.Contains(out, `{"type":"end","reason":"interrupted","error":"context canceled","exit":130}`) {
		t.Errorf("check --json: %s", out)
	}
}
