package conformance

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"time"
)

// HTTP/1.x is spoken over the socket itself: net/http would hide where reads
// and transfer chunks begin, the bytes of the head, and how a connection ends.

// A socket is the network side of an HTTP/1.x stream.
type socket struct{ conn net.Conn }

func (s socket) abort() {
	conn := s.conn
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn()
	}
	if t, ok := conn.(*net.TCPConn); ok {
		_ = t.SetLinger(0) // without it the close is a FIN
	}
	_ = conn.Close()
}

// dial connects to the host of a URL and negotiates the application protocol
// where there is TLS.
func (r *runner) dial(ctx context.Context, u *url.URL, protocol string, window int) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, r.target.Pace.Patience)
	defer cancel()
	host := u.Host
	if u.Port() == "" {
		host = net.JoinHostPort(u.Hostname(), map[string]string{"http": "80", "https": "443"}[u.Scheme])
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", host)
	if err != nil {
		return nil, err
	}
	if window > 0 {
		_ = conn.(*net.TCPConn).SetReadBuffer(window) // a wish, not a condition
	}
	if u.Scheme != "https" {
		return conn, nil
	}
	config := r.tls.Clone()
	config.NextProtos = []string{protocol}
	if config.ServerName == "" {
		config.ServerName = u.Hostname()
	}
	secure := tls.Client(conn, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return secure, nil
}

// encode is the request as it goes over the network.
func (r *request) encode() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s %s\r\n", r.method, r.url.RequestURI(), r.proto)
	for _, f := range r.fields {
		fmt.Fprintf(&b, "%s: %s\r\n", f.Name, f.Value)
	}
	if len(r.body) > 0 || r.method == "POST" || r.method == "PUT" {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(r.body))
	}
	b.WriteString("\r\n")
	b.Write(r.body)
	return b.Bytes()
}

// start1 sends the request over a new connection and reads what comes back
// until the stream is closed.
func (s *stream) start1(ctx context.Context, r *request, a ask) {
	s.rec.Request = s.talk.run.shown(r)
	s.parser.method = r.method
	conn, err := s.talk.run.dial(ctx, r.url, "http/1.1", a.window)
	if err != nil {
		s.fail(err)
		return
	}
	s.rec.Dialed = s.talk.now()
	_ = conn.SetWriteDeadline(time.Now().Add(s.talk.pace().Patience))
	text := r.encode()
	later := 0 // bytes of the request that are sent after a pause
	if a.pause > 0 {
		later = len(r.body) - len(r.body)/2
	}
	if _, err := conn.Write(text[:len(text)-later]); err != nil {
		_ = conn.Close()
		s.fail(err)
		return
	}
	if later > 0 {
		time.AfterFunc(a.pause, func() { _, _ = conn.Write(text[len(text)-later:]) })
	}
	s.rec.Sent = s.talk.now()
	s.transit = socket{conn}
	context.AfterFunc(ctx, func() { _ = conn.Close() })
	go s.read1(ctx, conn)
}

// fail ends a stream that did not get as far as a response.
func (s *stream) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over(EndReset, networkProblem(err))
	close(s.done)
}

// again sends another request over the connection of a response that is
// complete, and then records its response. It reports whether it could.
func (s *stream) again(a ask) bool {
	socket, ok := s.transit.(socket)
	r, err := s.talk.request(a)
	if !ok || err != nil {
		return false
	}
	rec := &Connection{
		Exchange: s.talk.exchange.name, Name: a.name, Request: s.talk.run.shown(r),
		Method: r.method, URL: r.url.String(), Protocol: r.proto,
	}
	s.mu.Lock()
	if s.rec.End != EndComplete || s.rec.Closed != 0 {
		s.mu.Unlock()
		return false
	}
	rec.TLS, rec.Dialed, rec.Sent = s.rec.TLS, s.rec.Dialed, s.talk.now()
	s.rec, s.parser, s.content, s.size, s.events = rec, parser{method: r.method}, nil, 0, nil
	s.mu.Unlock()
	s.talk.mu.Lock()
	s.talk.rec.Connections = append(s.talk.rec.Connections, rec)
	s.talk.mu.Unlock()
	_, err = socket.conn.Write(r.encode())
	return err == nil
}

// readSize is how much is read at a time; a stream that is to stall takes
// little more than the head.
const (
	readSize    = 32 << 10
	stalledSize = 256
)

func (s *stream) read1(ctx context.Context, conn net.Conn) {
	defer close(s.done)
	defer conn.Close()
	buf := make([]byte, readSize)
	for {
		size, ok := s.mayRead(ctx)
		if !ok {
			s.mu.Lock()
			s.over(EndLeft, "")
			s.mu.Unlock()
			return
		}
		n, err := conn.Read(buf[:size])
		at := s.talk.now()
		s.mu.Lock()
		s.feed1(buf[:n], at)
		if err != nil {
			s.ended1(err, at)
		}
		stop := err != nil || s.rec.End == EndLimit || s.rec.End == EndMalformed
		s.wake()
		s.mu.Unlock()
		if stop {
			return
		}
	}
}

// mayRead waits while the stream is stalled, and returns how much to read.
func (s *stream) mayRead(ctx context.Context) (size int, ok bool) {
	for {
		s.mu.Lock()
		reading, responded, changed := s.reading, s.rec.Responded != 0, s.changed
		s.mu.Unlock()
		switch {
		case reading:
			return readSize, true
		case !responded:
			return stalledSize, true
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return 0, false
		}
	}
}

// maxStray is how much of what follows a response is kept, in bytes.
const maxStray = 1 << 10

// feed1 takes bytes from the connection. The caller holds mu.
func (s *stream) feed1(p []byte, at time.Duration) {
	if s.rec.End == EndComplete {
		s.rec.Stray = append(s.rec.Stray, p[:min(len(p), maxStray-len(s.rec.Stray))]...)
		return
	}
	rest, err := s.parser.feed(s.rec, p, at, func(data []byte, begins bool) bool { return s.take(at, data, begins) })
	switch {
	case err != nil:
		s.over(EndMalformed, err.Error())
	case s.parser.state == complete:
		s.over(EndComplete, "")
		s.rec.Stray = append(s.rec.Stray, rest[:min(len(rest), maxStray)]...)
	}
}

// ended1 takes the end of the connection. The caller holds mu.
func (s *stream) ended1(err error, at time.Duration) {
	if !s.left {
		s.rec.Closed = at
	}
	switch {
	case !errors.Is(err, io.EOF):
		s.over(EndReset, networkProblem(err))
	case s.parser.state == untilClose:
		s.over(EndClosed, "")
	case s.rec.Responded == 0 && len(s.parser.head) == 0:
		s.over(EndCut, "the connection was closed before a response")
	default:
		s.over(EndCut, "the connection was closed before the end of the response")
	}
}

// networkProblem is the innermost text of an error: the outer ones quote the
// URL, which may hold a secret, and ports that differ from run to run.
func networkProblem(err error) string {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) {
		return "no answer in time"
	}
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}

// shown is the request without what it is authorized by.
func (r *runner) shown(of *request) Bytes {
	masked := *of
	masked.fields = nil
	for _, f := range of.fields {
		_, configured := r.target.Headers[f.Name]
		switch strings.ToLower(f.Name) {
		case "authorization", "cookie", "proxy-authorization", strings.ToLower(sessionField):
			configured = true
		}
		if configured {
			f.Value = redacted
		}
		masked.fields = append(masked.fields, f)
	}
	text := masked.encode()
	r.redactor.blank(text)
	return text
}
