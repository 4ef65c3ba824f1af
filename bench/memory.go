package main

import (
	"context"
	"errors"
	"time"
)

// settle is how long streams are idle before memory is read.
const settle = 2 * time.Second

// measureMemory measures what one more idle stream adds to the resident memory
// of either end: the growth from few streams to many, in processes of their
// own. Servers are measured with the sink, receivers with the ssegauge server.
func measureMemory(ctx context.Context, l *lab) error {
	server := l.senders.figure(figure{title: "memory", unit: "KB/stream", digits: 2, against: rowNchan})
	client := l.receivers.figure(figure{title: "memory", unit: "KB/stream", digits: 2, against: rowLoops})
	err := l.each(ctx, &l.senders, "memory", servers, func(row string) error {
		grown, _, err := l.growth(ctx, row, rowSink)
		if err == nil {
			l.log("memory: %s: %.2f KB/stream", row, grown)
			server.add(row, grown)
		}
		return err
	})
	if err != nil {
		return err
	}
	return l.each(ctx, &l.receivers, "memory", receiverRows, func(row string) error {
		_, grown, err := l.growth(ctx, rowSsegauge, row)
		if err == nil {
			l.log("memory: %s: %.2f KB/stream", row, grown)
			client.add(row, grown)
		}
		return err
	})
}

// growth returns the KB per stream that server and receiver grow by.
func (l *lab) growth(ctx context.Context, server, receiver string) (ofServer, ofReceiver float64, err error) {
	serverFew, receiverFew, err := l.idle(ctx, server, receiver, l.few)
	if err != nil {
		return 0, 0, err
	}
	serverMany, receiverMany, err := l.idle(ctx, server, receiver, l.many)
	if err != nil {
		return 0, 0, err
	}
	more := float64(l.many - l.few)
	return (serverMany - serverFew) / more, (receiverMany - receiverFew) / more, nil
}

// idle returns the resident memory, in KB, of a server and a receiver with
// idle streams.
func (l *lab) idle(ctx context.Context, row, receiver string, streams int) (server, client float64, err error) {
	s, err := l.serve(ctx, row, 0, 0)
	if err != nil {
		return 0, 0, err
	}
	defer s.stop()
	r, err := l.receive(receiver, s, streams, time.Hour)
	if err != nil {
		return 0, 0, err
	}
	defer r.stop()
	if row == rowSsegauge {
		err = r.opened(ctx, s, streams)
	} else {
		_, err = r.line(ctx, "open", patience)
	}
	if err != nil {
		return 0, 0, err
	}
	if err := pause(ctx, settle); err != nil {
		return 0, 0, err
	}
	server, client = residentKB(s.pid), residentKB(r.pid)
	if server == 0 || client == 0 {
		return 0, 0, errors.New("the system does not tell the memory of a process")
	}
	return server, client, nil
}
