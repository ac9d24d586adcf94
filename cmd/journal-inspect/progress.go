package main

import (
	"fmt"
	"time"

	"github.com/forewrite/forewrite/internal/inspect"
)

const (
	progressAfter = time.Second
	progressEvery = 100 * time.Millisecond
)

// progress shows on a terminal how far a long scan is. The function that it returns
// erases the message.
func (a *app) progress(j *inspect.Journal) (done func()) {
	if !isTerminal(a.stderr) {
		return func() {}
	}
	total := max(j.LogSize(), 1)
	var read int64
	shown := false
	next := time.Now().Add(progressAfter)
	j.Progress = func(n int64) {
		read += n
		if now := time.Now(); now.After(next) {
			next, shown = now.Add(progressEvery), true
			fmt.Fprintf(a.stderr, "\r\x1b[Kreading the log: %d%%", min(100, 100*read/total))
		}
	}
	return func() {
		if shown {
			fmt.Fprint(a.stderr, "\r\x1b[K")
		}
	}
}
