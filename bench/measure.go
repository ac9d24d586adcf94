package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
)

// Bench is how the scenarios are run.
type Bench struct {
	Dir         string // on the file system that is measured; emptied of what was made in it
	Competitors []Competitor
	Rounds      int
	Slice       time.Duration // each competitor, each round
	Sustain     time.Duration // of the sustained scenario
	Passes      int           // over all files, before they are opened in the open scenarios
	Progress    io.Writer
}

// work is what the writers of a contest do.
type work struct {
	scenario string
	row      string // of a growth table
	files    int    // that exist before the first round
	size     int    // of each, in bytes
	writers  int

	// step returns one commit by a writer, its i-th; nil when the store can't.
	step func(s *Store) func(writer, i int) error
}

// entrant is a competitor in a contest, open from the first round to the last.
type entrant struct {
	Competitor
	dir    string
	store  *Store
	step   func(writer, i int) error
	next   []int // number of the next commit, by writer
	rounds []slice
}

// contest runs the work with every competitor, in random order within each of
// the rounds, and returns their figures.
func (b *Bench) contest(ctx context.Context, w work) (results Results, err error) {
	entrants, err := b.enter(ctx, w)
	defer func() { err = errors.Join(err, leave(entrants)) }()
	if err != nil {
		return nil, err
	}
	for round := range b.Rounds {
		rand.Shuffle(len(entrants), func(i, k int) { entrants[i], entrants[k] = entrants[k], entrants[i] })
		b.progress("%s %s: round %d of %d", w.scenario, w.row, round+1, b.Rounds)
		for _, e := range entrants {
			s, err := b.takeTurn(ctx, e, w.writers)
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", w.scenario, e.Name, err)
			}
			e.rounds = append(e.rounds, s)
		}
	}
	for _, c := range b.Competitors {
		for _, e := range entrants {
			if e.Name == c.Name {
				r := summarize(e.rounds)
				r.Scenario, r.Case, r.Competitor, r.Kind = w.scenario, w.row, c.Name, c.Kind
				results = append(results, r)
			}
		}
	}
	return results, nil
}

// enter opens and warms up all who can do the work.
func (b *Bench) enter(ctx context.Context, w work) (entrants []*entrant, err error) {
	for _, c := range b.Competitors {
		if c.Crowd && w.writers == 1 {
			continue
		}
		b.progress("%s %s: warming up %s", w.scenario, w.row, c.Name)
		e := &entrant{Competitor: c, next: make([]int, w.writers)}
		e.dir, e.store, err = b.open(c)
		if err != nil {
			return entrants, err
		}
		entrants = append(entrants, e)
		if e.step = w.step(e.store); e.step == nil {
			entrants = entrants[:len(entrants)-1]
			if err := leave([]*entrant{e}); err != nil {
				return entrants, err
			}
			continue
		}
		if err := warmUp(ctx, e.store, c.Warm, w.files, w.size); err != nil {
			return entrants, fmt.Errorf("%s: warming up %s: %w", w.scenario, c.Name, err)
		}
	}
	return entrants, nil
}

// open makes a fresh directory for a competitor and opens it there.
func (b *Bench) open(c Competitor) (string, *Store, error) {
	dir, err := os.MkdirTemp(b.Dir, strings.ReplaceAll(c.Name, "/", "-")+"-")
	if err != nil {
		return "", nil, err
	}
	s, err := c.Open(dir)
	if err != nil {
		return "", nil, errors.Join(fmt.Errorf("open %s: %w", c.Name, err), os.RemoveAll(dir))
	}
	return dir, s, nil
}

// leave closes the entrants and removes what they made.
func leave(entrants []*entrant) (err error) {
	for _, e := range entrants {
		if closeErr := e.store.Close(); closeErr != nil {
			err = errors.Join(err, fmt.Errorf("close %s: %w", e.Name, closeErr))
		}
		err = errors.Join(err, os.RemoveAll(e.dir))
	}
	return err
}

// warmUp makes the files, and goes on writing until the payload came to so many
// bytes. Many files share a transaction, to be quick.
func warmUp(ctx context.Context, s *Store, bytes, files, size int) error {
	perTx := max(1, min(files, 32, mib/max(size, 1)))
	for i, written := 0, 0; i < files || written < bytes; {
		if err := ctx.Err(); err != nil {
			return err
		}
		from := i % files
		n := min(perTx, files-from)
		if err := s.PutAll(fileSet(from, n, size, i)); err != nil {
			return err
		}
		i += n
		written += n * max(size, 512)
	}
	return nil
}

// takeTurn measures one competitor for one slice of time, after a tenth of it
// that is not measured.
func (b *Bench) takeTurn(ctx context.Context, e *entrant, writers int) (slice, error) {
	if err := settle(b.Dir); err != nil {
		return slice{}, err
	}
	runtime.GC()
	if _, err := run(ctx, b.Slice/10, writers, e.next, e.step); err != nil {
		return slice{}, err
	}
	return run(ctx, b.Slice, writers, e.next, e.step)
}

// run lets the writers commit for a time, each at least once. Next holds the
// number of each writer's next commit.
func run(ctx context.Context, d time.Duration, writers int, next []int, step func(writer, i int) error) (slice, error) {
	return runUntil(ctx, writers, next, step, func(spent time.Duration, _ int) bool { return spent >= d })
}

// runCount lets each writer commit so many times.
func runCount(ctx context.Context, n, writers int, step func(writer, i int) error) (slice, error) {
	return runUntil(ctx, writers, make([]int, writers), step, func(_ time.Duration, done int) bool { return done >= n })
}

func runUntil(ctx context.Context, writers int, next []int, step func(writer, i int) error,
	enough func(spent time.Duration, done int) bool) (slice, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	samples := make([][]time.Duration, writers)
	start := time.Now()
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for before := start; ctx.Err() == nil; {
				if err := step(w, next[w]); err != nil {
					cancel(err)
					return
				}
				next[w]++
				after := time.Now()
				samples[w] = append(samples[w], after.Sub(before))
				if before = after; enough(after.Sub(start), len(samples[w])) {
					return
				}
			}
		})
	}
	wg.Wait()
	s := slice{elapsed: time.Since(start)}
	for _, of := range samples {
		s.samples = append(s.samples, of...)
	}
	return s, context.Cause(ctx)
}

// fresh returns a path in the benchmark's directory that doesn't exist.
func (b *Bench) fresh(name string) string {
	return filepath.Join(b.Dir, fmt.Sprintf("%s-%08x", strings.ReplaceAll(name, "/", "-"), rand.Uint32()))
}

func (b *Bench) progress(format string, args ...any) {
	fmt.Fprintf(b.Progress, "\r\x1b[K"+format, args...)
}
