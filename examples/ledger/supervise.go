package main

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"time"

	"github.com/forewrite/forewrite/journal"
)

// supervisor kills the worker again and again and checks what is left.
type supervisor struct {
	config
	random       *rand.Rand
	acknowledged map[string]bool

	transfers  int // in the audit
	replayed   int
	discarded  int
	recoveries []time.Duration
}

func supervise(ctx context.Context, c config) error {
	if c.seed == 0 {
		c.seed = rand.Uint64()
	}
	if c.root == "" {
		dir, err := os.MkdirTemp("", "ledger-")
		if err != nil {
			return err
		}
		c.root = dir
	}
	s := supervisor{config: c, random: rand.New(rand.NewPCG(c.seed, 0)), acknowledged: make(map[string]bool)}
	fmt.Printf("ledger: %d accounts, %d goroutines, %d kills, in %s (seed %d)\n", c.accounts, c.workers, c.kills, c.root, c.seed)
	for n := range c.kills {
		if err := s.round(ctx, n); err != nil {
			return fmt.Errorf("round %d: %w\nThe files are in %s; look with:\n  %s", n+1, err, c.root, inspect(c.root))
		}
		s.progress(n + 1)
	}
	s.report()
	return nil
}

// round runs the worker, kills it, recovers and checks.
func (s *supervisor) round(ctx context.Context, n int) error {
	life := time.Duration(20+s.random.IntN(280)) * time.Millisecond
	if err := s.runAndKill(ctx, life); err != nil {
		return err
	}
	j, err := journal.Open(ctx, s.root, nil)
	if err != nil {
		return err
	}
	report := j.Recovered()
	s.replayed += report.Replayed
	s.discarded += report.Discarded
	if report.Tail.Length > 0 {
		s.discarded++ // a group that the kill cut short
	}
	s.recoveries = append(s.recoveries, report.Duration)
	s.transfers, err = verify(s.root, s.accounts, s.acknowledged)
	if err != nil {
		j.Close()
		return err
	}
	return j.Close()
}

// runAndKill starts the worker, collects what it acknowledges, and kills it when
// it has made transfers for the given time.
func (s *supervisor) runAndKill(ctx context.Context, life time.Duration) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, self, "-worker", "-root", s.root,
		"-accounts", strconv.Itoa(s.accounts), "-workers", strconv.Itoa(s.workers),
		"-seed", strconv.FormatUint(s.random.Uint64(), 10))
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe() // closed when we are gone: then the worker stops
	if err != nil {
		return err
	}
	defer stdin.Close()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	var timer *time.Timer
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if timer == nil {
			timer = time.AfterFunc(life, func() { cmd.Process.Kill() })
			defer timer.Stop()
		}
		s.acknowledged[lines.Text()] = true
	}
	cmd.Wait() // "killed" is what we want to hear
	if err := ctx.Err(); err != nil {
		return err
	}
	if timer == nil {
		return fmt.Errorf("the worker ended before its first transfer: %v", cmd.ProcessState)
	}
	return nil
}

func (s *supervisor) progress(round int) {
	fmt.Printf("  kill %3d/%d  %6d transfers, all there and consistent; recovered in %v\n",
		round, s.kills, s.transfers, s.recoveries[len(s.recoveries)-1].Round(10*time.Microsecond))
}

func (s *supervisor) report() {
	var sum, longest time.Duration
	for _, d := range s.recoveries {
		sum += d
		longest = max(longest, d)
	}
	fmt.Printf(`
transfers            %d (%d acknowledged, none lost)
kills                %d
replayed             %d transactions
discarded            %d unfinished
time to recover      %v on average, %v at most

The files are in %s. Look at them, and at what the journal did:
  %s
`, s.transfers, len(s.acknowledged), s.kills, s.replayed, s.discarded,
		(sum / time.Duration(len(s.recoveries))).Round(10*time.Microsecond), longest.Round(10*time.Microsecond),
		s.root, inspect(s.root))
}

func inspect(root string) string { return "go run ./cmd/journal-inspect status " + root }
