package conformance

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
)

// HTTP/2 is spoken by net/http. Heads come without their bytes and order, and
// reads begin where its buffers do.

// canceller is the network side of an HTTP/2 stream: ending its context sends
// RST_STREAM.
type canceller struct{ cancel context.CancelFunc }

func (c canceller) abort() { c.cancel() }

// newHTTP2 makes a transport that speaks HTTP/2 alone, with TLS or, for an http
// URL, by prior knowledge.
func (r *runner) newHTTP2() *http.Transport {
	t := &http.Transport{
		Protocols:             new(http.Protocols),
		TLSClientConfig:       r.tls.Clone(),
		DisableCompression:    true,
		TLSHandshakeTimeout:   r.target.Pace.Patience,
		ResponseHeaderTimeout: 0,
	}
	t.Protocols.SetHTTP2(true)
	t.Protocols.SetUnencryptedHTTP2(true)
	return t
}

func (s *stream) start2(ctx context.Context, r *request, a ask) {
	s.rec.Request = s.talk.run.shown(r)
	transport := s.talk.transport2(a.shared)
	if a.window > 0 && !a.shared {
		transport.HTTP2 = &http.HTTP2Config{MaxReceiveBufferPerStream: a.window}
	}
	hr, err := http.NewRequestWithContext(ctx, r.method, r.url.String(), bytes.NewReader(r.body))
	if err != nil {
		s.fail(err)
		return
	}
	for _, f := range r.fields {
		if strings.EqualFold(f.Name, "Host") {
			hr.Host = f.Value
			continue
		}
		hr.Header.Add(f.Name, f.Value)
	}
	s.rec.Sent = s.talk.now()
	s.rec.Dialed = s.rec.Sent
	s.transit = canceller{s.cancel}
	go s.read2(ctx, transport, hr, a.shared)
}

// transport2 is the exchange's shared transport, or a new one.
func (t *talk) transport2(shared bool) *http.Transport {
	if !shared {
		return t.run.newHTTP2()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.h2 == nil {
		t.h2 = t.run.newHTTP2()
	}
	return t.h2
}

func (s *stream) read2(ctx context.Context, transport *http.Transport, request *http.Request, shared bool) {
	defer close(s.done)
	if !shared {
		defer transport.CloseIdleConnections()
	}
	response, err := transport.RoundTrip(request)
	s.mu.Lock()
	if err != nil {
		s.over(EndReset, networkProblem(err))
		s.mu.Unlock()
		return
	}
	s.rec.Responded, s.rec.Status = s.talk.now(), response.StatusCode
	s.rec.Protocol = response.Proto
	for name, values := range response.Header {
		for _, v := range values {
			s.rec.Fields = append(s.rec.Fields, Field{name, v})
		}
	}
	slices.SortStableFunc(s.rec.Fields, func(a, b Field) int { return strings.Compare(a.Name, b.Name) })
	s.wake()
	s.mu.Unlock()
	defer response.Body.Close()

	buf := make([]byte, readSize)
	for {
		size, ok := s.mayRead(ctx)
		if !ok {
			s.mu.Lock()
			s.over(EndLeft, "")
			s.mu.Unlock()
			return
		}
		n, err := response.Body.Read(buf[:size])
		at := s.talk.now()
		s.mu.Lock()
		if n > 0 {
			s.take(at, buf[:n], false)
		}
		switch {
		case errors.Is(err, io.EOF):
			s.over(EndComplete, "")
		case err != nil:
			s.over(EndReset, networkProblem(err))
		}
		stop := err != nil || s.rec.End != EndNone
		s.wake()
		s.mu.Unlock()
		if stop {
			s.cancel()
			return
		}
	}
}
