package refprofile

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// SlowTool is the tool of the MCP server whose call takes three heartbeats,
// and whose stream the server closes after half of them, to be polled.
const SlowTool = "slow"

// Limits of the MCP server.
const (
	maxSessions       = 1000
	maxSessionStreams = 1000
)

// mcp serves the Model Context Protocol.
type mcp struct {
	manners   mcpManners
	heartbeat time.Duration
	ctx       context.Context // ends with the server
	calls     sync.WaitGroup

	mu       sync.Mutex // guards sessions
	sessions map[string]*session
}

func newMCP(ctx context.Context, cfg Config) (*mcp, error) {
	manners, err := mannersOf(mcpFaults, cfg.Fault)
	return &mcp{manners: manners, heartbeat: cfg.Heartbeat, ctx: ctx, sessions: map[string]*session{}}, err
}

func (m *mcp) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case !m.manners.anyOrigin && !local(r):
		rpcRefused(w, http.StatusForbidden, "this origin or host may not do that")
	case r.URL.Path != MCPPath:
		rpcRefused(w, http.StatusNotFound, "no such path")
	case r.Method == http.MethodPost:
		m.post(w, r)
	case r.Method == http.MethodGet:
		m.get(w, r)
	case r.Method == http.MethodDelete:
		if s := m.session(w, r); s != nil {
			m.mu.Lock()
			delete(m.sessions, s.id)
			m.mu.Unlock()
			s.close()
			w.WriteHeader(http.StatusNoContent)
		}
	default:
		notAllowed(w, "GET, POST, DELETE")
	}
}

// local reports whether a request comes from this machine, and from no page of
// another host: by DNS rebinding, a page's own host may lead here.
func local(r *http.Request) bool {
	if !loopback(r.Host) {
		return false
	}
	origin := r.Header.Get("Origin")
	u, err := url.Parse(origin)
	return origin == "" || err == nil && loopback(u.Host)
}

func loopback(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	ip := net.ParseIP(strings.Trim(name, "[]"))
	return strings.EqualFold(name, "localhost") || ip != nil && ip.IsLoopback()
}

// An rpcRequest is a JSON-RPC request or notification.
type rpcRequest struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Method  string          `json:"method"`
	Params  struct {
		ProtocolVersion string `json:"protocolVersion"`
		Name            string `json:"name"`
		Meta            struct {
			Token json.RawMessage `json:"progressToken"`
		} `json:"_meta"`
	} `json:"params"`
}

// Codes of JSON-RPC errors (JSON-RPC 2.0, section 5.1).
const (
	codeParse    = -32700
	codeRequest  = -32600
	codeMethod   = -32601
	codeArgument = -32602
)

// response is a JSON-RPC response: with a result, or with an error.
func response(id json.RawMessage, result any, code int, text string) string {
	answer := map[string]any{"jsonrpc": "2.0", "id": id, "result": result}
	if code != 0 {
		delete(answer, "result")
		answer["error"] = map[string]any{"code": code, "message": text}
	}
	return encoded(answer)
}

// encoded is a message on one line.
func encoded(v map[string]any) string {
	line, _ := json.Marshal(v) // all of it came from JSON, or is written here
	return string(line)
}

// rpcRefused answers a request that no session's stream answers.
func rpcRefused(w http.ResponseWriter, status int, text string) {
	code := codeRequest
	if status == http.StatusBadRequest {
		code = codeParse
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(response(json.RawMessage("null"), nil, code, text))) // the client may be gone
}

// spoken are the revisions of MCP that the server speaks, the newest first.
var spoken = []string{"2025-11-25", "2025-06-18", "2025-03-26"}

func (m *mcp) post(w http.ResponseWriter, r *http.Request) {
	if !m.manners.anyAccept && !(accepts(r, "application/json") && accepts(r, "text/event-stream")) {
		rpcRefused(w, http.StatusNotAcceptable, "accept both application/json and text/event-stream")
		return
	}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
		rpcRefused(w, http.StatusUnsupportedMediaType, "the body is not announced as JSON")
		return
	}
	body, ok := readBody(w, r)
	if !ok {
		return
	}
	var request rpcRequest
	if err := json.Unmarshal(body, &request); err != nil || request.Version != "2.0" {
		rpcRefused(w, http.StatusBadRequest, "the body is not a JSON-RPC 2.0 message")
		return
	}
	if request.Method == "initialize" {
		m.initialize(w, request)
		return
	}
	s := m.session(w, r)
	switch {
	case s == nil:
	case request.Method == "" || len(request.ID) == 0: // a response or a notification
		w.WriteHeader(http.StatusAccepted)
	default:
		m.answer(w, r, s, request)
	}
}

func (m *mcp) initialize(w http.ResponseWriter, request rpcRequest) {
	version := spoken[0]
	if slices.Contains(spoken, request.Params.ProtocolVersion) {
		version = request.Params.ProtocolVersion
	}
	s := &session{id: rand.Text(), version: version, ids: map[string]place{}, over: make(chan struct{})}
	m.mu.Lock()
	full := len(m.sessions) >= maxSessions
	if !full {
		m.sessions[s.id] = s
	}
	m.mu.Unlock()
	if full {
		rpcRefused(w, http.StatusServiceUnavailable, "too many sessions")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Mcp-Session-Id", s.id)
	_, _ = w.Write([]byte(response(request.ID, map[string]any{
		"protocolVersion": version,
		"capabilities":    map[string]any{"tools": map[string]any{}},
		"serverInfo":      map[string]any{"name": "ssegauge", "version": "1"},
	}, 0, ""))) // the client may be gone
}

// session returns the session that a request names. If there is none, it
// answers.
func (m *mcp) session(w http.ResponseWriter, r *http.Request) *session {
	if v := r.Header.Get("Mcp-Protocol-Version"); v != "" && !slices.Contains(spoken, v) {
		rpcRefused(w, http.StatusBadRequest, "this revision of MCP is not spoken here")
		return nil
	}
	id := r.Header.Get("Mcp-Session-Id")
	if id == "" {
		rpcRefused(w, http.StatusBadRequest, "the request names no session")
		return nil
	}
	m.mu.Lock()
	s := m.sessions[id]
	m.mu.Unlock()
	if s == nil {
		rpcRefused(w, http.StatusNotFound, "there is no such session")
	}
	return s
}

// answer answers a request with a stream of its own.
func (m *mcp) answer(w http.ResponseWriter, r *http.Request, s *session, request rpcRequest) {
	if m.manners.serial {
		s.serial.Lock()
		defer s.serial.Unlock()
	}
	st := s.open(m.manners)
	if st == nil {
		rpcRefused(w, http.StatusServiceUnavailable, "too many streams")
		return
	}
	if s.version >= "2025-11-25" && !m.manners.noPriming {
		st.send("")
	}
	ctx, cancel := context.WithCancel(m.ctx)
	m.calls.Go(func() {
		defer cancel()
		m.call(ctx, st, request)
	})
	if m.copy(w, r, st, 0, true) && m.manners.cancels {
		cancel()
	}
}

// call does what a request asks for and ends its stream, unless ctx ends
// before.
func (m *mcp) call(ctx context.Context, st *mcpStream, request rpcRequest) {
	defer st.end()
	result, code, text := any(map[string]any{}), 0, ""
	switch request.Method {
	case "ping":
	case "tools/list":
		result = map[string]any{"tools": []any{map[string]any{
			"name": SlowTool, "description": "Takes its time.", "inputSchema": map[string]any{"type": "object"},
		}}}
	case "tools/call":
		if request.Params.Name != SlowTool {
			code, text = codeArgument, "there is no such tool"
			break
		}
		if token := request.Params.Meta.Token; len(token) > 0 {
			st.send(encoded(map[string]any{
				"jsonrpc": "2.0", "method": "notifications/progress", "params": map[string]any{"progressToken": token, "progress": 1, "total": 2},
			}))
		}
		if !pause(ctx, m.heartbeat*3/2) {
			return
		}
		st.hangUp()
		if !pause(ctx, m.heartbeat*3/2) {
			return
		}
		result = map[string]any{"content": []any{map[string]any{"type": "text", "text": "done"}}}
	default:
		code, text = codeMethod, "there is no such method"
	}
	st.send(response(request.ID, result, code, text))
}

func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// get opens a stream that belongs to no request, or resumes one that broke.
func (m *mcp) get(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Accept") != "" && !accepts(r, "text/event-stream") {
		rpcRefused(w, http.StatusNotAcceptable, "accept text/event-stream")
		return
	}
	s := m.session(w, r)
	if s == nil {
		return
	}
	if m.manners.get202 {
		w.WriteHeader(http.StatusAccepted)
		return
	}
	if st, from, ok := s.find(r.Header.Get("Last-Event-ID"), m.manners); ok {
		if m.manners.resumeNotFound {
			rpcRefused(w, http.StatusNotFound, "there is no such stream")
			return
		}
		m.copy(w, r, st, from, false)
		return
	}
	st := s.open(m.manners)
	if st == nil {
		rpcRefused(w, http.StatusServiceUnavailable, "too many streams")
		return
	}
	defer st.end()
	m.copy(w, r, st, 0, false)
}

// copy writes a stream from its from-th event to its end, or, to the
// connection of the request itself, until the server hangs up. It reports
// whether the client went away before.
func (m *mcp) copy(w http.ResponseWriter, r *http.Request, st *mcpStream, from int, own bool) (gone bool) {
	out, err := begin(w)
	beat := time.NewTicker(m.heartbeat)
	defer beat.Stop()
	for err == nil {
		text, done, hungUp, changed := st.from(from, own)
		from += strings.Count(text, "\n\n")
		if hungUp && !m.manners.noRetry {
			text += "retry: 100\n\n"
		}
		if text != "" {
			err = out.write(text)
		}
		if err != nil || done || hungUp {
			break
		}
		select {
		case <-changed:
		case <-beat.C:
			err = out.write(":\n\n")
		case <-st.session.over:
			return false
		case <-r.Context().Done():
			return m.ctx.Err() == nil
		}
	}
	return err != nil
}

// accepts reports whether the request's Accept has the media type, or a range
// with it, at a weight above zero (RFC 9110 section 12.5.1).
func accepts(r *http.Request, mediaType string) bool {
	group, _, _ := strings.Cut(mediaType, "/")
	for _, field := range r.Header.Values("Accept") {
		for item := range strings.SplitSeq(field, ",") {
			kind, parameters, err := mime.ParseMediaType(item)
			if err != nil || strings.Trim(parameters["q"], "0.") == "" && parameters["q"] != "" {
				continue
			}
			if kind == mediaType || kind == group+"/*" || kind == "*/*" {
				return true
			}
		}
	}
	return false
}
