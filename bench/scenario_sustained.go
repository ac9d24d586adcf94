package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// sustained compares short bursts with a long run over many files, in which
// everything that can be put off has to be done.
var sustained = Scenario{
	Name:  "sustained",
	Title: "Sustained load over 10,000 files, checkpoints included, against bursts",
	Table: sustainedTable,
	Run: func(ctx context.Context, b *Bench) (all Results, err error) {
		for _, load := range []load{{"1 writer, 4 KiB", 1, 4 << 10}, {"64 writers, 1 KiB", 64, 1 << 10}} {
			for _, c := range b.Competitors {
				if !slices.Contains(sustainers, c.Name) {
					continue
				}
				r, err := b.sustain(ctx, c, load)
				if err != nil {
					return nil, fmt.Errorf("sustained: %s: %w", c.Name, err)
				}
				all = append(all, r)
			}
		}
		return all, nil
	},
}

// sustainers are the competitors worth minutes each.
var sustainers = []string{"forewrite", "syncfs", "renameio+dirsync", "pebble", "sqlite"}

type load struct {
	row     string
	writers int
	size    int
}

const (
	sustainedFiles = 10_000
	bursts         = 5
	burstBytes     = 2 * mib // less than any competitor's log holds
	rest           = 1500 * time.Millisecond
)

func (b *Bench) sustain(ctx context.Context, c Competitor, l load) (_ Result, err error) {
	b.progress("sustained %s: %s: %d files", l.row, c.Name, sustainedFiles)
	dir, store, err := b.open(c)
	if err != nil {
		return Result{}, err
	}
	defer func() {
		err = errors.Join(err, leave([]*entrant{{Competitor: c, dir: dir, store: store}}))
	}()
	if err := warmUp(ctx, store, max(c.Warm, sustainedFiles*l.size), sustainedFiles, l.size); err != nil {
		return Result{}, err
	}
	step := func(writer, i int) error {
		mine := rand.IntN(sustainedFiles/l.writers)*l.writers + writer
		return store.Put(fileName(mine), payload(l.size, i))
	}
	next := make([]int, l.writers)
	burst, err := b.burst(ctx, c, l, step)
	if err != nil {
		return Result{}, err
	}
	b.progress("sustained %s: %s: %v", l.row, c.Name, b.Sustain)
	s, err := run(ctx, b.Sustain, l.writers, next, step)
	if err != nil {
		return Result{}, err
	}
	r := summarize([]slice{s})
	r.Scenario, r.Case, r.Competitor, r.Kind, r.Burst = "sustained", l.row, c.Name, c.Kind, burst
	return r, nil
}

// burst returns the median rate of short bursts, each after a rest in which the
// store could put its house in order.
func (b *Bench) burst(ctx context.Context, c Competitor, l load, step func(int, int) error) (float64, error) {
	var rates []float64
	each := burstBytes / l.size / l.writers
	for n := range bursts {
		b.progress("sustained %s: %s: burst %d of %d", l.row, c.Name, n+1, bursts)
		if err := settle(b.Dir); err != nil {
			return 0, err
		}
		time.Sleep(rest)
		s, err := runCount(ctx, each, l.writers, step)
		if err != nil {
			return 0, err
		}
		rates = append(rates, s.rate())
	}
	return median(rates), nil
}
