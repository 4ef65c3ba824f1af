package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// A delivery is what a receiver says of one run.
type delivery struct {
	Streams         int     `json:"streams"`
	Open            int     `json:"open"`
	Closed          int     `json:"closed"`
	Expected        int64   `json:"expected"`
	Events          int64   `json:"events"`
	Lost            int64   `json:"lost"`
	Repeated        int64   `json:"repeated"`
	EventsPerSecond float64 `json:"events_per_second"` // by when they arrived
	P50             float64 `json:"p50_ms"`
	P99             float64 `json:"p99_ms"`
}

// books says what is wrong with the deliveries themselves, or nothing.
func (d *delivery) books() error {
	switch {
	case d.Closed > 0:
		return fmt.Errorf("%d of %d streams closed", d.Closed, d.Streams)
	case d.Lost > 0 || d.Repeated > 0:
		return fmt.Errorf("of %d events, %d lost and %d repeated", d.Expected, d.Lost, d.Repeated)
	case d.Events == 0:
		return fmt.Errorf("no event arrived")
	}
	return nil
}

// Limits of what counts as sustained.
const (
	p99LimitMS = 500
	// leastShare is the part of the offered rate that must arrive within the
	// measured time. It leaves room for one fan-out more or less at its edges.
	leastShare = 0.9
)

// sustained says why a rate was not kept up with, or nothing.
func (d *delivery) sustained(offered float64) error {
	if err := d.books(); err != nil {
		return err
	}
	if d.P99 > p99LimitMS {
		return fmt.Errorf("p99 %.0f ms", d.P99)
	}
	if d.EventsPerSecond < leastShare*offered {
		return fmt.Errorf("%.0f of %.0f deliveries/s arrived", d.EventsPerSecond, offered)
	}
	return nil
}

// patience is what receivers may take beyond their own times, opening
// included.
const patience = 90 * time.Second

// seconds writes a duration for the command line of a C program.
func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) }

// sink starts a sink of a sender's streams, and returns when all are open.
func (l *lab) sink(ctx context.Context, s *sender, streams int, warmup, measured time.Duration, flags ...string) (*process, error) {
	flags = append(flags, "-w", seconds(warmup), "-d", seconds(measured), strconv.Itoa(s.port), s.path, strconv.Itoa(streams))
	p, err := l.start(l.program("sink"), flags...)
	if err != nil {
		return nil, err
	}
	if _, err := p.line(ctx, "open", patience); err != nil {
		p.stop()
		return nil, err
	}
	return p, nil
}

// result reads the line of JSON with which a receiver ends, and stops it.
func (p *process) result(ctx context.Context, limit time.Duration) (*delivery, error) {
	defer p.stop()
	line, err := p.line(ctx, "{", limit)
	if err != nil {
		return nil, err
	}
	d := &delivery{}
	if err := json.Unmarshal([]byte(line), d); err != nil {
		return nil, fmt.Errorf("%q: %w", line, err)
	}
	return d, nil
}

// work is what a server has to do: so many deliveries per second to all
// streams together, some of which may read nothing.
type work struct {
	rate             float64
	streams, stalled int
	size             int // of an event's data in bytes
	warmup           time.Duration
}

// deliver runs a server into a sink.
func (l *lab) deliver(ctx context.Context, row string, w work) (*delivery, error) {
	s, err := l.serve(ctx, row, w.rate/float64(w.streams+w.stalled), w.size)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	if w.stalled > 0 {
		still, err := l.sink(ctx, s, w.stalled, 0, time.Second, "-s")
		if err != nil {
			return nil, err
		}
		defer still.stop()
	}
	p, err := l.sink(ctx, s, w.streams, w.warmup, l.measured)
	if err != nil {
		return nil, err
	}
	defer p.stop()
	if w.stalled == 0 {
		return p.result(ctx, w.warmup+l.measured+patience)
	}
	if err := pause(ctx, w.warmup); err != nil {
		return nil, err
	}
	before := unsent(s.port)
	d, err := p.result(ctx, l.measured+patience)
	if err == nil && unsent(s.port) > before {
		err = errors.New("the buffers of stalled streams were not yet full; -stall-warmup is too short")
	}
	return d, err
}

// floor runs the C program that has nothing in its way; rate 0 is as fast as
// it can.
func (l *lab) floor(ctx context.Context, rate float64) (*delivery, error) {
	p, err := l.start(l.program("floor"), strconv.Itoa(l.streams), "120",
		strconv.FormatFloat(rate, 'f', -1, 64), seconds(l.warmup), seconds(l.measured))
	if err != nil {
		return nil, err
	}
	return p.result(ctx, l.warmup+l.measured+patience)
}
