package refserver

import (
	"crypto/sha256"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// revocations knows which tokens were taken back before their expiry
// (RFC 7009), and by which of the others streams are held open. A nil one knows
// none. Tokens are kept as their sums.
type revocations struct {
	mu    sync.Mutex
	until map[tokenSum]time.Time // when a token that was taken back expires
	held  map[tokenSum]*grant
}

type tokenSum [sha256.Size]byte

func sumOf(raw string) tokenSum { return sha256.Sum256([]byte(raw)) }

func newRevocations() *revocations {
	return &revocations{until: map[tokenSum]time.Time{}, held: map[tokenSum]*grant{}}
}

// A grant is a token by which streams are open. A nil one is never revoked.
type grant struct {
	in      *revocations
	sum     tokenSum
	streams int           // guarded by the revocations' lock
	revoked chan struct{} // closed when it is
}

// over returns a channel that is closed when the token is revoked.
func (g *grant) over() <-chan struct{} {
	if g == nil {
		return nil
	}
	return g.revoked
}

func (g *grant) isRevoked() bool {
	if g == nil {
		return false
	}
	select {
	case <-g.revoked:
		return true
	default:
		return false
	}
}

// release undoes hold.
func (g *grant) release() {
	if g == nil {
		return
	}
	g.in.mu.Lock()
	defer g.in.mu.Unlock()
	if g.streams--; g.streams == 0 {
		delete(g.in.held, g.sum)
	}
}

// has reports whether the token was taken back.
func (v *revocations) has(raw string) bool {
	if v == nil {
		return false
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	_, revoked := v.until[sumOf(raw)]
	return revoked
}

// hold counts a stream to the token that opens it, unless it was taken back.
func (v *revocations) hold(raw string) (g *grant, ok bool) {
	sum := sumOf(raw)
	v.mu.Lock()
	defer v.mu.Unlock()
	if _, revoked := v.until[sum]; revoked {
		return nil, false
	}
	g = v.held[sum]
	if g == nil {
		g = &grant{in: v, sum: sum, revoked: make(chan struct{})}
		v.held[sum] = g
	}
	g.streams++
	return g, true
}

// maxRevoked bounds the tokens that are remembered. They are good tokens, which
// strangers do not have.
const maxRevoked = 100_000

// revoke takes back a token that is good until expires. It reports false if no
// more can be remembered.
func (v *revocations) revoke(raw string, expires time.Time) bool {
	sum := sumOf(raw)
	v.mu.Lock()
	defer v.mu.Unlock()
	if _, revoked := v.until[sum]; revoked {
		return true
	}
	if len(v.until) >= maxRevoked {
		for s, t := range v.until {
			if time.Now().After(t) {
				delete(v.until, s)
			}
		}
	}
	if len(v.until) >= maxRevoked {
		return false
	}
	v.until[sum] = expires
	if g := v.held[sum]; g != nil {
		close(g.revoked)
	}
	return true
}

// grant returns the hold of the request's token on the stream that it opens,
// nil where tokens cannot be revoked. It reports false if the token was.
func (s *Server) grant(r *http.Request) (g *grant, ok bool) {
	if s.revocations == nil {
		return nil, true
	}
	raw, _, err := s.bearer(r, true)
	if err != nil {
		return nil, true
	}
	return s.revocations.hold(raw)
}

// maxRevocation bounds the body of a revocation, in bytes.
const maxRevocation = 16 << 10

// revoke answers POST /revoke. Whoever has the token may take it back; one that
// is not good needs no taking back, and the answer is the same (RFC 7009,
// section 2.2).
func (s *Server) revoke(w http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(publishTimeout)) // not every connection has deadlines
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRevocation))
	_ = control.SetReadDeadline(time.Time{})
	form, malformed := url.ParseQuery(string(body))
	raw := form.Get("token")
	if err != nil || malformed != nil || raw == "" {
		s.refuse(w, &refusal{http.StatusBadRequest, "bad_request", "the body is not of the form: token=TOKEN", ""})
		return
	}
	claims, err := s.verifier.Verify(raw)
	if err == nil && !s.revocations.revoke(raw, s.expiry(claims)) {
		s.refuse(w, &refusal{http.StatusServiceUnavailable, "revocations", "too many tokens were taken back", ""})
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
}
