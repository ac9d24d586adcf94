package main

import (
	"fmt"
	"math/rand/v2"
)

// noise doesn't compress, so that no store gains by compressing it.
var noise = func() []byte {
	b := make([]byte, 2*mib)
	rng := rand.NewChaCha8([32]byte{1})
	rng.Read(b)
	return b
}()

// payload returns size bytes that differ from one seed to the next. They are not
// to be changed.
func payload(size, seed int) []byte {
	if size > mib {
		big := make([]byte, 0, size)
		for len(big) < size {
			big = append(big, noise[:min(len(noise), size-len(big))]...)
		}
		copy(big, payload(mib, seed))
		return big
	}
	off := seed * 7919 % mib
	return noise[off : off+size]
}

func fileName(i int) string { return fmt.Sprintf("f%05d", i) }

// fileSet makes n files of a size, the first of them number from.
func fileSet(from, n, size, seed int) []File {
	files := make([]File, n)
	for i := range files {
		files[i] = File{fileName(from + i), payload(size, seed+i)}
	}
	return files
}
