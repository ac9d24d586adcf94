//go:build race

package fuzz

// raceDetector makes everything several times slower: the tests look at less then.
const raceDetector = true
