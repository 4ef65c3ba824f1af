//go:build !race

package main

// raceDetector says that everything runs many times slower.
const raceDetector = false
