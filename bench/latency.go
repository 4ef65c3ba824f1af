package main

import (
	"context"

	"github.com/ssegauge/ssegauge/bench/tick"
)

// measureLatency compares how late events arrive at a rate that all senders
// can keep.
func measureLatency(ctx context.Context, l *lab) error {
	p50 := l.senders.figure(figure{title: "p50 at " + thousands(l.rate) + "/s", unit: "ms", digits: 1, against: rowFloor})
	p99 := l.senders.figure(figure{title: "p99 at " + thousands(l.rate) + "/s", unit: "ms", digits: 1, against: rowFloor})
	return l.each(ctx, &l.senders, "latency", senderRows, func(row string) error {
		var d *delivery
		var err error
		if row == rowFloor {
			d, err = l.floor(ctx, l.rate)
		} else {
			d, err = l.deliver(ctx, row, work{rate: l.rate, streams: l.streams, size: tick.Size, warmup: l.warmup})
		}
		if err != nil {
			return err
		}
		l.log("latency: %s: p50 %.1f ms, p99 %.1f ms", row, d.P50, d.P99)
		p50.add(row, d.P50)
		p99.add(row, d.P99)
		return d.books()
	})
}
