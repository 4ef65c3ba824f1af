// Package loadgen drives many event streams against a backend and measures
// them: how late events arrive, and whether any is lost, doubled or reordered.
//
// A scenario file becomes a Scenario (Load), a Scenario becomes a Plan
// (NewPlan), and Run executes a Plan and returns a Report. Everything on the
// way is a Tally, a sum of counters and histograms with one Add.
//
// The latency of an event counts from the time at which it was due, not from
// the time at which the generator got round to sending it, so that a generator
// or a backend that falls behind shows (no coordinated omission).
package loadgen
