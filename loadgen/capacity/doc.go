// Package capacity finds the largest load at which a target still meets its
// objective, and says what broke first and what bound it.
//
// Find doubles a scenario's load until the thresholds are missed, bisects, and
// repeats the steps around the knee. The search itself is a pure function of
// what its steps come to; a step is a hold of a loadgen.Session, so that streams
// stay open from one step to the next.
package capacity
