//go:build linux && (amd64 || arm64)

package crashfs

import "slices"

// version is one value that something had, and the operation that gave it.
type version[T any] struct {
	value T
	op    int
	doubt bool // an fsync of it failed: no later one will write it
}

// history is what a crash may leave of one thing. The first version is durable,
// the last is what programs see.
type history[T any] []version[T]

func newHistory[T any](v T) history[T] { return history[T]{{value: v, op: -1}} }

func (h history[T]) last() T { return h[len(h)-1].value }

// maxVersions bounds a history; beyond it the oldest that is not durable goes.
const maxVersions = 200

func (h *history[T]) add(v T, op int) {
	if len(*h) == maxVersions {
		*h = slices.Delete(*h, 1, 2)
	}
	*h = append(*h, version[T]{value: v, op: op})
}

// sync makes the last version the durable one, unless the kernel already gave up
// on it.
func (h *history[T]) sync() {
	if last := (*h)[len(*h)-1]; !last.doubt {
		last.op = -1
		*h = history[T]{last}
	}
}

// fail leaves every version possible and none of them to be written again.
func (h history[T]) fail() {
	for i := range h[1:] {
		h[1+i].doubt = true
	}
}

func (h history[T]) doubtful() bool { return len(h) > 1 && h[len(h)-1].doubt }

func (h history[T]) believe() {
	for i := range h {
		h[i].doubt = false
	}
}
