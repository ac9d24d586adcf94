package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"time"
)

// Both scenarios open what 10,000 commits left in 1,000 files of 256 bytes: each
// file was replaced in each of the passes.
const (
	openFiles   = 1000
	openPasses  = 10
	openSize    = 256
	openWriters = 50
)

var crashOpen = Scenario{
	Name:  "crash-open",
	Title: "Open after a kill -9 that followed 10,000 commits to 1,000 files",
	Table: openTable,
	Run: func(ctx context.Context, b *Bench) (Results, error) {
		return b.opens(ctx, "crash-open", crashed)
	},
}

var cleanOpen = Scenario{
	Name:  "clean-open",
	Title: "Open after a clean Close that followed 10,000 commits to 1,000 files",
	Table: openTable,
	Run: func(ctx context.Context, b *Bench) (Results, error) {
		return b.opens(ctx, "clean-open", closed)
	},
}

// openers are the competitors that have something to open.
var openers = []string{"forewrite", "pebble", "sqlite", "badger", "bbolt"}

// loader fills a directory in so many passes and leaves it for Open.
type loader func(ctx context.Context, c Competitor, dir string, passes int) error

// opens measures one Open in each round, of a directory that load has filled.
func (b *Bench) opens(ctx context.Context, scenario string, load loader) (results Results, err error) {
	for _, c := range b.Competitors {
		if !slices.Contains(openers, c.Name) {
			continue
		}
		var rounds []slice
		var redone []int
		for round := range b.Rounds {
			b.progress("%s: %s: round %d of %d", scenario, c.Name, round+1, b.Rounds)
			took, n, err := b.timeOpen(ctx, c, load)
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", scenario, c.Name, err)
			}
			rounds = append(rounds, slice{took, []time.Duration{took}})
			redone = append(redone, n)
		}
		r := summarize(rounds)
		r.Scenario, r.Competitor, r.Kind, r.Redone = scenario, c.Name, c.Kind, median(redone)
		results = append(results, r)
	}
	return results, nil
}

// timeOpen opens what load left, and looks whether all is there.
func (b *Bench) timeOpen(ctx context.Context, c Competitor, load loader) (took time.Duration, redone int, err error) {
	dir := b.fresh(c.Name)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := load(ctx, c, dir, b.Passes); err != nil {
		return 0, 0, err
	}
	if err := settle(b.Dir); err != nil {
		return 0, 0, err
	}
	start := time.Now()
	s, err := c.Open(dir)
	took = time.Since(start)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if s.Redone != nil {
		redone = s.Redone()
	}
	return took, redone, checkLoad(s, b.Passes)
}

// closed loads a store and closes it.
func closed(ctx context.Context, c Competitor, dir string, passes int) error {
	s, err := c.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(loadPasses(ctx, s, passes), s.Close())
}

// crashed has a child load a store and kill itself.
func crashed(ctx context.Context, c Competitor, dir string, passes int) error {
	cmd, err := child(ctx, "crash", c, dir, passes)
	if err != nil {
		return err
	}
	err = cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == -1 && ctx.Err() == nil {
		return nil // by the signal, as it should be
	}
	if err == nil {
		err = errors.New("it ended by itself")
	}
	return fmt.Errorf("child that was to be killed: %w", err)
}

func crashTask(ctx context.Context, c Competitor, dir string, passes int) error {
	open := c.Open
	if c.Hoard != nil {
		open = c.Hoard
	}
	s, err := open(dir)
	if err != nil {
		return err
	}
	if err := loadPasses(ctx, s, passes); err != nil {
		return err
	}
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		return err
	}
	if err := self.Signal(syscall.SIGKILL); err != nil {
		return err
	}
	select {} // until the signal arrives
}

// loadPasses replaces every file a number of times, with many writers.
func loadPasses(ctx context.Context, s *Store, passes int) error {
	const each = openFiles / openWriters
	_, err := runCount(ctx, passes*each, openWriters, func(writer, i int) error {
		file := writer*each + i%each
		return s.Put(fileName(file), payload(openSize, seedOf(file, i/each)))
	})
	return err
}

func seedOf(file, pass int) int { return file*openPasses + pass }

// checkLoad compares every file with what the last pass wrote.
func checkLoad(s *Store, passes int) error {
	for file := range openFiles {
		have, err := s.Get(fileName(file))
		if err != nil {
			return err
		}
		if !bytes.Equal(have, payload(openSize, seedOf(file, passes-1))) {
			return fmt.Errorf("%s doesn't hold what the last commit wrote", fileName(file))
		}
	}
	return nil
}
