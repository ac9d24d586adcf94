package journal

import (
	"fmt"
	"log/slog"
	"sync/atomic"
)

// state says whether a journal can be used.
type state struct {
	logger  *slog.Logger
	closing chan struct{} // closed by close
	closed  atomic.Bool
	failure atomic.Pointer[error] // why the journal is poisoned
}

func newState(logger *slog.Logger) *state {
	return &state{logger: logger, closing: make(chan struct{})}
}

// err returns why the journal can't be used, nil if it can.
func (s *state) err() error {
	if s.closed.Load() {
		return ErrClosed
	}
	return s.poisoned()
}

func (s *state) close() {
	s.closed.Store(true)
	close(s.closing)
}

// poison makes the journal refuse everything from now on, because of err, and returns
// why it does: the first such error. After a failed write or fsync it is not known
// what the log holds, and asking the kernel again gives a wrong answer.
func (s *state) poison(err error) error {
	err = fmt.Errorf("%w: %w", ErrPoisoned, err)
	if s.failure.CompareAndSwap(nil, &err) {
		s.logger.Error("journal: poisoned", "error", err)
	}
	return s.poisoned()
}

// poisoned returns why the journal refuses everything, nil if it does not.
func (s *state) poisoned() error {
	if first := s.failure.Load(); first != nil {
		return *first
	}
	return nil
}
