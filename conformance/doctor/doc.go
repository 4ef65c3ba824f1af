// Package doctor judges the path to an event stream as package conformance
// judges a backend: probes record, and pure functions judge what was recorded on
// the path, and on the way around it.
//
//	direct, err := doctor.Record(ctx, conformance.Target{URL: "http://10.0.0.5:8080/events"}, doctor.Options{})
//	path, err := doctor.Record(ctx, conformance.Target{URL: "https://app.example/events"}, doctor.Options{})
//	report := doctor.Judge(path, direct)
//
// Record makes the probes: streams that are plain, large and fast, compressed,
// silent, left, resumed, many at a time. Behind the path may be any backend; if
// it is the probe origin of ssegauge serve --probe, its events say when they were
// sent and it tells what it saw, so that far more can be told. RecordBoth probes
// both ways at the same time, so that a foreign backend's events can be compared.
//
// Judge measures both recordings and holds the rows of Rows against them: each is
// a sign that a pure function looks for in one recording. A row is stated if the
// recording of the direct path lacks its sign; what both show lies with the
// backend. Without a direct recording a row that has no control of its own is
// only consistent with what was seen.
//
// Times are relative: to when the origin sent, to the quickest event, and to the
// direct path, never to a clock of somebody else's.
package doctor
