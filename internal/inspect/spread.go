package inspect

import (
	"math"
	"math/bits"
)

// Spread is the distribution of a number, to within a factor of two for the
// quantiles.
type Spread struct {
	Min  int64   `json:"min"`
	Mean float64 `json:"mean"`
	P50  int64   `json:"p50"`
	P99  int64   `json:"p99"`
	Max  int64   `json:"max"`

	n, sum int64
	slots  [64]int64 // by the number of bits
}

func (s *Spread) add(v int64) {
	if s.n == 0 || v < s.Min {
		s.Min = v
	}
	s.Max = max(s.Max, v)
	s.n++
	s.sum += v
	s.slots[bits.Len64(uint64(v))]++
}

func (s *Spread) finish() {
	if s.n == 0 {
		return
	}
	s.Mean = math.Round(100*float64(s.sum)/float64(s.n)) / 100
	s.P50, s.P99 = s.quantile(0.50), s.quantile(0.99)
}

// quantile returns the upper end of the slot that has the quantile.
func (s *Spread) quantile(q float64) int64 {
	rank := int64(math.Ceil(q * float64(s.n)))
	for i, n := range s.slots {
		if rank -= n; rank <= 0 {
			return min(s.Max, int64(1)<<i-1)
		}
	}
	return s.Max
}
