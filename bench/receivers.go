package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"github.com/ssegauge/ssegauge/bench/tick"
)

// The rows of the receivers' table.
const (
	rowLoops    = "ssegauge load, loops"
	rowPortable = "ssegauge load, portable"
	rowClient   = "net/http, go-sse's client"
	rowSink     = "sink"
	rowSinks    = "sink, a thread a processor"
)

var receiverRows = []string{rowLoops, rowPortable, rowClient, rowSink, rowSinks}

// sinkThreads is one a processor: as many readers as the generator has loops,
// so that the two take turns with the server in the same way.
var sinkThreads = strconv.Itoa(runtime.NumCPU())

// A receiver is a process with streams of an ssegauge server.
type receiver struct {
	*process
	out string // folder of the report, of ssegauge load
}

// receive starts a receiver; its streams open.
func (l *lab) receive(row string, s *sender, streams int, measured time.Duration) (*receiver, error) {
	switch row {
	case rowSink, rowSinks:
		threads := map[string]string{rowSink: "1", rowSinks: sinkThreads}[row]
		p, err := l.start(l.program("sink"), "-j", threads, "-w", seconds(l.warmup), "-d", seconds(measured), strconv.Itoa(s.port), s.path, strconv.Itoa(streams))
		return &receiver{process: p}, err
	case rowClient:
		p, err := l.start(l.program("gosseclient"), "-warmup", l.warmup.String(), "-seconds", measured.String(), s.url(), strconv.Itoa(streams))
		return &receiver{process: p}, err
	}
	transport := map[string]string{rowLoops: "loops", rowPortable: "portable"}[row]
	scenario, err := l.file("scenario-*.yaml", fmt.Sprintf(`name: bench
target:
  url: %s
transport: %s
streams:
  count: %d
  ramp: %v
publish:
  via: none
  observe: {time: t, unit: ns, sequence: n}
warmup: %v
duration: %v
drain: 2s
`, s.url(), transport, streams, time.Duration(streams)*time.Second/openRate, l.warmup, measured))
	if err != nil {
		return nil, err
	}
	out, err := os.MkdirTemp(l.folder, "report-")
	if err != nil {
		return nil, err
	}
	p, err := l.start(l.program("ssegauge"), "load", scenario, "--out", out, "--quiet")
	return &receiver{p, out}, err
}

// subscribers asks an ssegauge server how many streams it has.
func (s *sender) subscribers() int {
	client := http.Client{Timeout: 5 * time.Second}
	response, err := client.Get(fmt.Sprintf("http://127.0.0.1:%d/stats", s.port))
	if err != nil {
		return -1
	}
	defer response.Body.Close()
	var stats struct {
		Subscribers struct{ Total int }
	}
	if json.NewDecoder(response.Body).Decode(&stats) != nil {
		return -1
	}
	return stats.Subscribers.Total
}

// opened waits until the server has all streams of the receiver.
func (r *receiver) opened(ctx context.Context, s *sender, streams int) error {
	has := 0
	err := until(ctx, patience, "all streams are open", func() bool {
		select {
		case <-r.done:
			return true
		default:
			has = s.subscribers()
			return has == streams
		}
	})
	if err == nil && has != streams {
		return r.failure()
	}
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("%w: %d of %d", err, has, streams)
	}
	return err
}

// report waits for what the receiver says at its end, and stops it.
func (r *receiver) report(ctx context.Context, limit time.Duration) (*delivery, error) {
	if r.out == "" {
		return r.result(ctx, limit)
	}
	defer r.stop()
	select {
	case <-r.done:
	case <-time.After(limit):
		return nil, fmt.Errorf("still runs after %v", limit)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	text, err := os.ReadFile(filepath.Join(r.out, "summary.json"))
	if err != nil {
		return nil, r.failure()
	}
	return readReport(text)
}

// readReport takes from a summary.json what a sink says of a run.
func readReport(text []byte) (*delivery, error) {
	var report struct {
		Verdict string
		Reasons []string
		Streams struct{ Planned, Opened, Dropped int }
		Events  struct{ Expected, Received, Lost, Duplicated int64 }
		Latency struct {
			Fanout struct{ P50, P99 float64 }
		} `json:"latency_seconds"`
	}
	if err := json.Unmarshal(text, &report); err != nil {
		return nil, err
	}
	d := &delivery{
		Streams: report.Streams.Planned, Open: report.Streams.Opened, Closed: report.Streams.Dropped,
		Expected: report.Events.Expected, Events: report.Events.Received,
		Lost: report.Events.Lost, Repeated: report.Events.Duplicated,
		P50: 1000 * report.Latency.Fanout.P50, P99: 1000 * report.Latency.Fanout.P99,
	}
	if report.Verdict == "invalid" && len(report.Reasons) > 0 {
		return d, fmt.Errorf("says invalid: %s", report.Reasons[0])
	}
	return d, nil
}

// measureReceivers compares what receivers say of one server, and what an
// event costs them.
func measureReceivers(ctx context.Context, l *lab) error {
	for _, rate := range l.receiveRates {
		at := " at " + thousands(rate) + "/s"
		p50 := l.receivers.figure(figure{title: "p50" + at, unit: "ms", digits: 1, against: rowSinks})
		p99 := l.receivers.figure(figure{title: "p99" + at, unit: "ms", digits: 1, against: rowSinks})
		cost := l.receivers.figure(figure{title: "CPU" + at, unit: "µs/event", digits: 2, against: rowSinks})
		part := "receivers" + at
		err := l.each(ctx, &l.receivers, part, receiverRows, func(row string) error {
			d, spent, err := l.observe(ctx, row, rate)
			if d == nil {
				return err
			}
			l.log("%s: %s: p50 %.1f ms, p99 %.1f ms, %.2f µs/event", part, row, d.P50, d.P99, spent)
			p50.add(row, d.P50)
			p99.add(row, d.P99)
			if bad := d.books(); bad != nil {
				return errors.Join(err, bad)
			}
			// The cost is per event that was due, so all must have come.
			cost.add(row, spent)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// observe runs one receiver at a rate, and measures its CPU time in the middle
// of the measured seconds: in microseconds per event due in that time.
func (l *lab) observe(ctx context.Context, row string, rate float64) (*delivery, float64, error) {
	s, err := l.serve(ctx, rowSsegauge, rate/float64(l.streams), tick.Size)
	if err != nil {
		return nil, 0, err
	}
	defer s.stop()
	r, err := l.receive(row, s, l.streams, l.measured)
	if err != nil {
		return nil, 0, err
	}
	defer r.stop()
	if err := r.opened(ctx, s, l.streams); err != nil {
		return nil, 0, err
	}
	if err := pause(ctx, l.warmup); err != nil {
		return nil, 0, err
	}
	before, begin := cpuTime(r.pid), time.Now()
	if err := pause(ctx, l.measured*8/10); err != nil {
		return nil, 0, err
	}
	spent, took := cpuTime(r.pid)-before, time.Since(begin)
	d, err := r.report(ctx, l.measured+patience)
	return d, float64(spent.Microseconds()) / (rate * took.Seconds()), err
}
