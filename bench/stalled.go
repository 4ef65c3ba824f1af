package main

import "context"

// stalledSize is the bytes of data in an event of the stalled part.
const stalledSize = 2000

// measureStalled compares the p99 of streams that read with and without one
// percent beside them that do not. Fewer streams get the same deliveries, of
// larger events, so that what is not read soon fills the kernel's buffers: on
// loopback they take more than 2 MB a stream.
func measureStalled(ctx context.Context, l *lab) error {
	streams := max(l.streams/10, 100)
	stalled := streams / 100
	title := thousands(float64(streams)) + " streams of 2 KB"
	without := l.senders.figure(figure{title: "p99, " + title, unit: "ms", digits: 1})
	with := l.senders.figure(figure{title: "with 1 % stalled", unit: "ms", digits: 1, over: without})
	return l.each(ctx, &l.senders, "stalled", servers, func(row string) error {
		alone, err := l.deliver(ctx, row, work{rate: l.rate, streams: streams, size: stalledSize, warmup: l.warmup})
		if err != nil {
			return err
		}
		beside, err := l.deliver(ctx, row, work{rate: l.rate, streams: streams - stalled, stalled: stalled, size: stalledSize, warmup: l.stallWarmup})
		if err != nil {
			return err
		}
		l.log("stalled: %s: p99 %.1f ms without, %.1f ms with", row, alone.P99, beside.P99)
		without.add(row, alone.P99)
		if err := beside.books(); err != nil {
			return err
		}
		with.add(row, beside.P99)
		return nil
	})
}
