// Package nearest finds the known name that a misspelt word most likely meant.
package nearest

import "strings"

// Name returns the candidate closest to word by edit distance, ignoring case,
// or "" when none is close enough to be a likely meaning: more than a third of
// the longer name, and at least two letters, may differ. A word of more than
// 100 bytes, which a stranger may have sent, is close to nothing.
func Name(word string, candidates []string) string {
	if len(word) > 100 {
		return ""
	}
	best, bestDistance := "", -1
	for _, c := range candidates {
		d := distance(strings.ToLower(word), strings.ToLower(c))
		if d <= max(2, max(len(word), len(c))/3) && (bestDistance < 0 || d < bestDistance) {
			best, bestDistance = c, d
		}
	}
	return best
}

// Hint is " (did you mean NAME?)" for the nearest candidate, or "" without one.
func Hint(word string, candidates []string) string {
	if name := Name(word, candidates); name != "" {
		return " (did you mean " + name + "?)"
	}
	return ""
}

// distance is the optimal string alignment distance: insertions, deletions,
// substitutions and swaps of neighbours cost one each.
func distance(a, b string) int {
	var before []int
	previous := make([]int, len(b)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(previous[j]+1, row[j-1]+1, previous[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, previous = previous, row
	}
	return previous[len(b)]
}
