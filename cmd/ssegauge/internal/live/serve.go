package live

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/ssegauge/ssegauge/loadgen"
)

//go:embed page.html
var shellText string

//go:embed page.js
var script string

//go:embed page.css
var ownStyle string

var (
	shell = template.Must(template.New("page").Parse(shellText))
	style = loadgen.HTMLStyle + template.CSS(ownStyle)

	// policy lets the page run its one script, use its one style sheet, and
	// talk to the server that it came from; nothing else.
	policy = "default-src 'none'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'" +
		"; script-src " + source(script) + "; style-src " + source(string(style))
)

// source names a text by its hash (CSP Level 3, section 2.3.1).
func source(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

func (p *Page) routes(addr net.Addr) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.page)
	mux.HandleFunc("GET /events", p.events)
	if local(addr) {
		return onlyLocalNames(mux)
	}
	return mux
}

func local(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// onlyLocalNames refuses requests to any other name than that of this machine:
// a foreign page whose name has been made to point here would read the run (DNS
// rebinding).
func onlyLocalNames(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err != nil && !strings.EqualFold(host, "localhost") {
			http.Error(w, "this page is at 127.0.0.1 and localhost only", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// page answers GET / with the run as it is, and with the id of the event that
// has it: the stream goes on from there.
func (p *Page) page(w http.ResponseWriter, _ *http.Request) {
	_ = p.draw() // what was drawn last is shown if this fails
	p.mu.Lock()
	content := struct {
		Title, ID string
		Style     template.CSS
		Script    template.JS
		Body      template.HTML
	}{p.title, p.id, style, template.JS(script), template.HTML(p.body)}
	p.mu.Unlock()
	var text bytes.Buffer
	if err := shell.Execute(&text, content); err != nil {
		http.Error(w, "the page could not be made", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	_, _ = w.Write(text.Bytes()) // the browser may be gone
}

// events answers GET /events with the run's stream, and with no other.
func (p *Page) events(w http.ResponseWriter, r *http.Request) {
	query := url.Values{"topic": {topic}}
	if id := r.URL.Query().Get("lastEventId"); id != "" {
		query.Set("lastEventId", id)
	}
	r = r.Clone(r.Context())
	r.URL.RawQuery = query.Encode()
	p.stream.Handler().ServeHTTP(w, r)
}
