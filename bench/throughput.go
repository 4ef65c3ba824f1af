package main

import (
	"context"
	"errors"

	"github.com/ssegauge/ssegauge/bench/tick"
)

// Ends of the ladder in deliveries per second.
const (
	lowestRate  = 1_000
	highestRate = 20_000_000
)

// measureThroughput looks for the highest rate that a sender keeps: nothing
// lost, and the p99 within its limit. From the second round on, a sender's
// ladder begins at what it reached in the one before.
func measureThroughput(ctx context.Context, l *lab) error {
	most := l.senders.figure(figure{title: "most sustained", unit: "deliveries/s", against: rowNchan})
	start := map[string]float64{}
	return l.each(ctx, &l.senders, "throughput", senderRows, func(row string) error {
		if row == rowFloor {
			d, err := l.floor(ctx, 0)
			if err != nil {
				return err
			}
			l.log("throughput: %s: %.0f/s", row, d.EventsPerSecond)
			most.add(row, d.EventsPerSecond)
			return nil
		}
		if start[row] == 0 {
			start[row] = l.firstRate
		}
		best, err := climb(start[row], lowestRate, highestRate, func(rate float64) (bool, error) {
			d, err := l.deliver(ctx, row, work{rate: rate, streams: l.streams, size: tick.Size, warmup: l.warmup})
			if skip := (*skipped)(nil); ctx.Err() != nil || errors.As(err, &skip) {
				return false, err
			}
			if err == nil {
				err = d.sustained(rate)
			}
			if err != nil {
				l.log("throughput: %s: not %.0f/s: %v", row, rate, err)
				return false, nil
			}
			l.log("throughput: %s: %.0f/s, p99 %.0f ms", row, rate, d.P99)
			return true, nil
		})
		if err != nil {
			return err
		}
		if best == 0 {
			return errors.New("no rate was kept")
		}
		start[row] = best
		most.add(row, best)
		return nil
	})
}
