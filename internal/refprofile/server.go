// Package refprofile holds reference servers of protocols that are built on
// event streams: the streaming chat completions of OpenAI's API, the streamable
// HTTP transport of the Model Context Protocol, and the Mercure protocol. Each
// does, in memory, what its protocol asks of a server, and, when told so, one
// thing wrong. They are there for testing what tests such servers; they hold
// few connections, and forget everything at their end.
//
//	openai   POST /v1/chat/completions
//	mcp      POST, GET and DELETE /mcp
//	mercure  GET and POST /.well-known/mercure
package refprofile

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/ssegauge/ssegauge/internal/nearest"
	"github.com/ssegauge/ssegauge/internal/token"
)

// Names of the protocols.
const (
	OpenAI  = "openai"
	MCP     = "mcp"
	Mercure = "mercure"
)

// Paths of the protocols.
const (
	OpenAIPath  = "/v1/chat/completions"
	MCPPath     = "/mcp"
	MercurePath = "/.well-known/mercure"
)

// Config says how a Server behaves.
type Config struct {
	// Protocol is OpenAI, MCP or Mercure.
	Protocol string
	// Fault names one deliberate defect of the protocol's (see Faults).
	// Default none.
	Fault string
	// Heartbeat is how long a stream may be silent before it gets a comment.
	// Default 15 s.
	Heartbeat time.Duration
	// Secret verifies the tokens of Mercure, by HS256. Only Mercure needs it.
	Secret token.Secret
	// TLS makes Serve speak TLS, with HTTP/2 offered. Nil means plain text.
	TLS *tls.Config
	// H2C accepts HTTP/2 with prior knowledge on plain text (RFC 9113,
	// section 3.3).
	H2C bool
}

// A Server serves one protocol. New makes it, Shutdown ends it.
type Server struct {
	http *http.Server
	tls  bool
	end  context.CancelFunc // ends all streams
	wait func()             // for what outlives its request
}

// New checks the configuration. The caller owes the server a Shutdown.
func New(cfg Config) (*Server, error) {
	if cfg.Heartbeat <= 0 {
		cfg.Heartbeat = 15 * time.Second
	}
	ctx, end := context.WithCancel(context.Background())
	s := &Server{tls: cfg.TLS != nil, end: end, wait: func() {}}
	var handler http.Handler
	var err error
	switch cfg.Protocol {
	case OpenAI:
		handler, err = newOpenAI(cfg)
	case MCP:
		var m *mcp
		if m, err = newMCP(ctx, cfg); err == nil {
			handler, s.wait = m, m.calls.Wait
		}
	case Mercure:
		handler, err = newMercure(cfg)
	default:
		known := []string{OpenAI, MCP, Mercure}
		err = fmt.Errorf("refprofile: unknown protocol %q%s", cfg.Protocol, nearest.Hint(cfg.Protocol, known))
	}
	if err != nil {
		end()
		return nil, err
	}
	s.http = &http.Server{
		Handler:           handler,
		TLSConfig:         cfg.TLS,
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          log.New(io.Discard, "", 0),
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ConnContext:       accepted,
		Protocols:         new(http.Protocols),
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: 1000},
	}
	s.http.Protocols.SetHTTP1(true)
	s.http.Protocols.SetHTTP2(cfg.TLS != nil)
	s.http.Protocols.SetUnencryptedHTTP2(cfg.H2C)
	return s, nil
}

// sendBuffer is how much the kernel may keep for a client that does not read,
// in bytes.
const sendBuffer = 128 << 10

// accepted prepares a new connection.
func accepted(ctx context.Context, c net.Conn) context.Context {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	if t, ok := c.(*net.TCPConn); ok {
		_ = t.SetWriteBuffer(sendBuffer) // a wish, not a condition
	}
	return ctx
}

// Serve accepts connections on l until Shutdown, and then returns
// http.ErrServerClosed. It closes l.
func (s *Server) Serve(l net.Listener) error {
	if s.tls {
		return s.http.ServeTLS(l, "", "")
	}
	return s.http.Serve(l)
}

// Shutdown ends all streams at an event's end, and closes all connections. If
// ctx ends first, the rest is closed as it is and the error is that of ctx.
func (s *Server) Shutdown(ctx context.Context) error {
	s.end()
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, s.http.Close())
	}
	s.wait()
	return err
}

// writeTimeout bounds each write to a stream.
const writeTimeout = 10 * time.Second

// An eventWriter writes an event stream.
type eventWriter struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

// begin writes the head of an event stream and sends it off.
func begin(w http.ResponseWriter) (eventWriter, error) {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store, no-transform")
	h.Set("X-Accel-Buffering", "no")
	out := eventWriter{w, http.NewResponseController(w)}
	return out, out.write(":\n\n")
}

// write writes text and sends it off.
func (out eventWriter) write(text string) error {
	_ = out.control.SetWriteDeadline(time.Now().Add(writeTimeout)) // not every connection has deadlines
	if _, err := io.WriteString(out.w, text); err != nil {
		return err
	}
	return out.control.Flush()
}

// maxBody bounds the body of a request, in bytes, and bodyTime how long it may
// take.
const (
	maxBody  = 8 << 20
	bodyTime = 10 * time.Second
)

// readBody reads the body of a request. If it cannot, it answers.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(bodyTime)) // not every connection has deadlines
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	_ = control.SetReadDeadline(time.Time{})
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		http.Error(w, "the body is too large", http.StatusRequestEntityTooLarge)
		return nil, false
	}
	if err != nil {
		http.Error(w, "the body could not be read", http.StatusBadRequest)
		return nil, false
	}
	return body, true
}

// notAllowed answers a method that the path does not have.
func notAllowed(w http.ResponseWriter, allow string) {
	w.Header().Set("Allow", allow)
	http.Error(w, "allowed: "+allow, http.StatusMethodNotAllowed)
}
