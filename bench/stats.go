package main

import (
	"cmp"
	"slices"
	"time"
)

// quantile returns the value below which the part q of the samples lies, by the
// nearest rank; zero for no samples. It sorts them.
func quantile[T cmp.Ordered](samples []T, q float64) T {
	var zero T
	if len(samples) == 0 {
		return zero
	}
	slices.Sort(samples)
	return samples[min(int(q*float64(len(samples))), len(samples)-1)]
}

func median[T cmp.Ordered](samples []T) T { return quantile(samples, 0.5) }

// slice is what one competitor did in one round.
type slice struct {
	elapsed time.Duration
	samples []time.Duration // one a commit, over all writers
}

func (s slice) rate() float64 { return float64(len(s.samples)) / s.elapsed.Seconds() }

// Result is a competitor's figure in a scenario.
type Result struct {
	Scenario   string `json:"scenario"`
	Case       string `json:"case,omitempty"` // the row of a growth table
	Competitor string `json:"competitor"`
	Kind       Kind   `json:"kind"`

	Median  time.Duration `json:"median_ns"` // over the rounds, of each round's median
	P99     time.Duration `json:"p99_ns"`    // over all samples of all rounds
	Rate    float64       `json:"rate"`      // commits per second: median over the rounds
	Spread  float64       `json:"spread"`    // (largest - smallest round median) / median
	Samples int           `json:"samples"`

	Burst  float64 `json:"burst,omitempty"`  // sustained: commits per second between checkpoints
	Allocs float64 `json:"allocs,omitempty"` // cost: a commit
	Bytes  float64 `json:"bytes,omitempty"`  // cost: allocated, a commit
	Heap   uint64  `json:"heap,omitempty"`   // cost: largest heap in use at steady load
	Redone int     `json:"redone,omitempty"` // crash-open: transactions done again

	Rounds []Round `json:"-"` // what the figures were made of
}

// Round is one round of a Result.
type Round struct {
	Commits int
	Median  time.Duration // zero: only memory was measured
	P99     time.Duration
	Rate    float64 // commits per second

	Allocs float64 // cost: a commit
	Bytes  float64 // cost: allocated, a commit
	Heap   uint64  // cost
}

// summarize makes one figure of the rounds.
func summarize(rounds []slice) Result {
	var medians, all []time.Duration
	var rates []float64
	var figures []Round
	for _, s := range rounds {
		if len(s.samples) == 0 {
			continue
		}
		figures = append(figures, Round{
			Commits: len(s.samples), Median: median(s.samples), P99: quantile(s.samples, 0.99), Rate: s.rate(),
		})
		medians = append(medians, median(s.samples))
		rates = append(rates, s.rate())
		all = append(all, s.samples...)
	}
	r := Result{Median: median(medians), P99: quantile(all, 0.99), Rate: median(rates), Samples: len(all), Rounds: figures}
	if r.Median > 0 {
		r.Spread = float64(slices.Max(medians)-slices.Min(medians)) / float64(r.Median)
	}
	return r
}

// Results are all figures of a run.
type Results []Result

// find returns a figure, by scenario, case and competitor.
func (rs Results) find(scenario, rowCase, competitor string) (Result, bool) {
	for _, r := range rs {
		if r.Scenario == scenario && r.Case == rowCase && r.Competitor == competitor {
			return r, true
		}
	}
	return Result{}, false
}

// of returns the figures of a scenario, in their order.
func (rs Results) of(scenario string) Results {
	var of Results
	for _, r := range rs {
		if r.Scenario == scenario {
			of = append(of, r)
		}
	}
	return of
}
