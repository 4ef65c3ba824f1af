package refserver

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/tmaxmax/go-sse"
)

// errCut ends a stream that was too slow for the window.
var errCut = errors.New("the stream was too slow")

// Subscribe sends the events of the topics to the client until ctx ends, the
// client fails, the topics are finished or the hub is shut down, and returns
// nil unless the client failed or was too slow. It implements sse.Provider.
func (h *Hub) Subscribe(ctx context.Context, sub sse.Subscription) error {
	if len(sub.Topics) == 0 {
		return sse.ErrNoTopic
	}
	st, err := h.subscribe(subscription{topics: sub.Topics, lastID: sub.LastEventID.String()})
	if errors.Is(err, errNothingLeft) {
		return nil
	}
	if err != nil {
		return err
	}
	return h.serve(ctx, st, clientWriter{sub.Client})
}

// An eventWriter is where a stream with a goroutine of its own writes to.
type eventWriter interface {
	// event sends the text of one event, or a comment.
	event(text []byte) error
	// flush makes sure that what was sent is on its way.
	flush() error
}

// clientWriter writes to any client of go-sse.
type clientWriter struct{ sse.MessageWriter }

func (w clientWriter) event(text []byte) error {
	var m sse.Message
	if err := m.UnmarshalText(text); err != nil {
		return err
	}
	return w.Send(&m)
}

func (w clientWriter) flush() error { return w.Flush() }

// sessionWriter writes to a go-sse session over HTTP. The events are already
// encoded, so they pass by the session's encoder.
type sessionWriter struct {
	session *sse.Session
	http.ResponseWriter
	control *http.ResponseController
	timeout time.Duration
}

func (w sessionWriter) event(text []byte) error {
	// A connection without deadlines is bounded by the request's context.
	_ = w.control.SetWriteDeadline(time.Now().Add(w.timeout))
	_, err := w.Write(text)
	return err
}

func (w sessionWriter) flush() error { return w.session.Flush() }

// comment is the heartbeat: bytes that no client dispatches.
const comment = ":\n\n"

// serve writes to out what the stream is to get, until its end, and takes the
// stream out of the hub.
func (h *Hub) serve(ctx context.Context, st *stream, out eventWriter) (err error) {
	bell := h.loops[0].(*bell)
	bell.join(st)
	defer func() {
		bell.part(st)
		why := endedDone
		switch {
		case errors.Is(err, errCut):
			why = endedCut
		case err != nil || ctx.Err() != nil:
			why = endedByPeer
		}
		h.leave(st, why)
	}()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		more, err := h.forward(st, out)
		if err != nil {
			return err
		}
		if !more {
			return h.end(out)
		}
		timer.Reset(h.patience(st))
		select {
		case <-ctx.Done():
			return nil
		case <-h.closed:
		case <-st.grant.over():
		case <-st.wake:
		case now := <-timer.C:
			if h.cfg.Heartbeat > 0 && now.UnixNano()-st.wrote >= int64(h.cfg.Heartbeat) && !st.expired(now.UnixNano()) {
				if err := h.beat(st, out); err != nil {
					return err
				}
				st.wrote = time.Now().UnixNano()
			}
		}
	}
}

// beat writes a heartbeat, or what a fault puts in its place.
func (h *Hub) beat(st *stream, out eventWriter) error {
	text := comment
	if h.fault.heartbeat != nil {
		if text = h.fault.heartbeat(st.fault); text == "" {
			return nil
		}
	}
	return errors.Join(out.event([]byte(text)), out.flush())
}

// end writes what a fault puts behind the last event.
func (h *Hub) end(out eventWriter) error {
	text := h.fault.ending
	select {
	case <-h.closed:
		text += h.fault.stopping
	default:
	}
	if text == "" {
		return nil
	}
	return errors.Join(out.event([]byte(text)), out.flush())
}

// patience is how long the stream may wait for events before it is looked at.
func (h *Hub) patience(st *stream) time.Duration {
	wait, now := time.Hour, time.Now().UnixNano()
	if h.cfg.Heartbeat > 0 {
		wait = min(wait, time.Duration(st.wrote-now)+h.cfg.Heartbeat)
	}
	if st.expires != 0 {
		wait = min(wait, time.Duration(st.expires-now))
	}
	return max(wait, 0)
}

// forward writes everything up to the heads and reports whether more can come.
func (h *Hub) forward(st *stream, out eventWriter) (more bool, err error) {
	// The end is looked at before the heads: if it is near, the heads are
	// final.
	last := finished(st.cursors)
	select {
	case <-h.closed:
		last = true
	default:
	}
	visible := h.visible.Load()
	// What is visible by now was published before this moment, so an expired
	// stream gets nothing that is younger than its expiry.
	if st.expired(time.Now().UnixNano()) {
		return false, nil
	}
	var m merge
	if !m.begin(st, visible) {
		if h.cfg.SlowReader == Cut {
			return false, errCut
		}
		h.skip(st)
		return h.forward(st, out)
	}
	wrote := false
	if len(st.rest) > 0 {
		if err := out.event(st.rest); err != nil {
			return false, err
		}
		st.rest, wrote = nil, true
	}
	for {
		chunk, head, ok := m.next(nil)
		if !ok {
			break
		}
		if err := h.send(st, out, chunk[head:len(chunk)-2]); err != nil {
			return false, err
		}
		wrote = true
		h.counts.sessionBytes.Add(uint64(len(chunk) - head - 2))
	}
	if wrote {
		if err := out.flush(); err != nil {
			return false, err
		}
		st.wrote = time.Now().UnixNano()
	}
	return !last, nil
}

// send writes an event, or what a fault makes of it.
func (h *Hub) send(st *stream, out eventWriter, event []byte) error {
	if h.fault.outgoing == nil {
		return out.event(event)
	}
	for _, e := range h.fault.outgoing(st, event) {
		if err := out.event(e); err != nil {
			return err
		}
	}
	return nil
}
