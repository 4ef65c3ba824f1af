package main

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/ssegauge/ssegauge/bench/tick"
)

// The rows of the agreement's table: a generator, and the sink that had the
// other half of the same server's streams at the same time.
const (
	rowBesideLoops    = "sink beside the loops"
	rowBesidePortable = "sink beside portable"
)

var (
	agreementRows = []string{rowLoops, rowBesideLoops, rowPortable, rowBesidePortable}
	beside        = map[string]string{rowLoops: rowBesideLoops, rowPortable: rowBesidePortable}
)

// openRate is how many streams a second each of two receivers opens that share
// a server, so that theirs alternate.
const openRate = 5000

// measureAgreement compares what two receivers say of the same events. Alone
// with a server, a receiver also changes what it measures, by the processor
// time that it takes from the server.
func measureAgreement(ctx context.Context, l *lab) error {
	for _, rate := range l.receiveRates {
		at := " at " + thousands(rate) + "/s"
		p50 := l.agreement.figure(figure{title: "p50" + at, unit: "ms", digits: 1, beside: beside})
		p99 := l.agreement.figure(figure{title: "p99" + at, unit: "ms", digits: 1, beside: beside})
		part := "agreement" + at
		err := l.each(ctx, &l.agreement, part, []string{rowLoops, rowPortable}, func(row string) error {
			own, sinks, err := l.share(ctx, row, rate)
			if err != nil {
				return err
			}
			l.log("%s: %s: p50 %.1f ms, p99 %.1f ms; the sink: p50 %.1f ms, p99 %.1f ms", part, row, own.P50, own.P99, sinks.P50, sinks.P99)
			p50.add(row, own.P50)
			p99.add(row, own.P99)
			p50.add(beside[row], sinks.P50)
			p99.add(beside[row], sinks.P99)
			return errors.Join(own.books(), sinks.books())
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// share runs a generator and a sink with half of the streams each.
func (l *lab) share(ctx context.Context, row string, rate float64) (own, sinks *delivery, err error) {
	s, err := l.serve(ctx, rowSsegauge, rate/float64(l.streams), tick.Size)
	if err != nil {
		return nil, nil, err
	}
	defer s.stop()
	r, err := l.receive(row, s, l.streams/2, l.measured)
	if err != nil {
		return nil, nil, err
	}
	defer r.stop()
	p, err := l.start(l.program("sink"), "-j", sinkThreads, "-w", seconds(l.warmup), "-d", seconds(l.measured), "-r", strconv.Itoa(openRate),
		strconv.Itoa(s.port), s.path, strconv.Itoa(l.streams/2))
	if err != nil {
		return nil, nil, err
	}
	limit := l.warmup + l.measured + patience + time.Duration(l.streams/openRate)*time.Second
	sinks, err = p.result(ctx, limit)
	if err != nil {
		return nil, nil, err
	}
	own, err = r.report(ctx, limit)
	return own, sinks, err
}
