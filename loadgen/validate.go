package loadgen

import (
	"fmt"
	"math"
	"net/netip"
	"net/url"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/ssegauge/ssegauge/internal/nearest"
)

// A checker collects what is wrong with the values of a scenario.
type checker struct {
	complain func(path, format string, args ...any) error
	problems []error
}

// must complains about the value at path unless ok.
func (c *checker) must(ok bool, path, format string, args ...any) {
	if !ok {
		c.problems = append(c.problems, c.complain(path, format, args...))
	}
}

func (c *checker) oneOf(value, path string, known ...string) {
	c.must(slices.Contains(known, value), path, "unknown value %q%s; known: %s", value, nearest.Hint(value, known), strings.Join(known, ", "))
}

func (c *checker) check(s *Scenario) {
	c.must(s.Name != "", "name", "a scenario needs a name")
	c.oneOf(s.Transport, "transport", TransportAuto, TransportLoops, TransportPortable)
	if s.Transport == TransportLoops {
		obstacle := s.loopsObstacle(runtime.GOOS)
		c.must(obstacle == "", "transport", "loops cannot be used: %s", obstacle)
	}
	for path, d := range map[string]time.Duration{
		"warmup": s.Warmup, "duration": s.Duration, "drain": s.Drain, "late_after": s.LateAfter,
		"streams.ramp": s.Streams.Ramp, "streams.open_timeout": s.Streams.OpenTimeout,
		"streams.cut_every": s.Streams.CutEvery, "streams.reconnect.retry": s.Streams.Reconnect.Retry,
		"streams.reconnect.max_retry": s.Streams.Reconnect.MaxRetry, "publish.timeout": s.Publish.Timeout,
	} {
		c.must(d >= 0, path, "%v: a time cannot be negative", d)
	}
	c.checkTarget(s)
	c.checkStreams(&s.Streams)
	c.checkPublish(s)
	c.checkDrill(s)
	for i, t := range s.Thresholds {
		c.checkThreshold(s, t, fmt.Sprintf("thresholds.%d", i))
	}
}

func (c *checker) checkTarget(s *Scenario) {
	t := &s.Target
	c.must(t.URL != "", "target.url", "a target needs a url, or the word %s", EmbeddedURL)
	c.must(len(t.Serve) == 0 || s.Embedded(), "target.serve", "serve has flags of the embedded server; this target has a URL")
	c.must(slices.Contains([]string{"", "1.1", "2"}, t.HTTP), "target.http", "unknown HTTP version %q; known: 1.1, 2", t.HTTP)
	c.must(t.StreamsPerConnection > 0, "target.streams_per_connection", "expected at least 1")
	c.checkAuth(&t.Auth, "target.auth")
	c.checkWatch(&t.Watch)
	c.templates("target.url", t.URL, "topic", "stream")
	if s.Embedded() || t.URL == "" {
		return
	}
	u, err := url.Parse(fill(t.URL, "topic", "x", "stream", "0"))
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		c.must(false, "target.url", "expected an http or https URL, or the word %s%s", EmbeddedURL, nearest.Hint(t.URL, []string{EmbeddedURL}))
		return
	}
	several := len(s.Streams.Topics) > 1
	for _, cohort := range s.Streams.Cohorts {
		several = several || len(cohort.Topics) > 1
	}
	_, query, _ := strings.Cut(t.URL, "?")
	c.must(!several || strings.Contains(query, "{topic}"), "target.url", "streams of several topics need a query parameter that holds {topic}")
	host := u.Hostname()
	c.must(s.Streams.peak() <= s.StreamLimit(), "streams",
		"%d streams to %s, which is neither loopback nor private: more than %d need its name under allow_hosts", s.Streams.peak(), host, MaxUnlistedStreams)
}

// StreamLimit is how many streams the target may get.
func (s *Scenario) StreamLimit() int {
	u, err := url.Parse(fill(s.Target.URL, "topic", "x", "stream", "0"))
	if s.Embedded() || err == nil && (isNear(u.Hostname()) || slices.Contains(s.AllowHosts, u.Hostname())) {
		return math.MaxInt
	}
	return MaxUnlistedStreams
}

func (c *checker) checkWatch(w *Watch) {
	sources := 0
	for _, given := range []bool{w.PID != 0, w.Cgroup != "", w.Metrics != ""} {
		if given {
			sources++
		}
	}
	c.must(sources <= 1, "target.watch", "give one of pid, cgroup and metrics")
	c.must(w.PID >= 0, "target.watch.pid", "expected the number of a process")
	if w.Metrics != "" {
		u, err := url.Parse(w.Metrics)
		c.must(err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https"), "target.watch.metrics", "expected an http or https URL")
	}
}

// isNear reports whether host is this machine or on a private network.
func isNear(host string) bool {
	if isLocalhost(host) {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && (a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast())
}

// isLocalhost reports whether host is a name of this machine (RFC 6761 section
// 6.3).
func isLocalhost(host string) bool {
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

func (s *Streams) peak() int {
	peak := s.Count
	for _, stage := range s.Stages {
		peak = max(peak, stage.Count)
	}
	return peak
}

func (c *checker) checkStreams(s *Streams) {
	c.must(s.peak() > 0, "streams.count", "expected at least 1 stream")
	c.must(s.InFlight > 0, "streams.in_flight", "expected at least 1")
	c.must(len(s.Stages) == 0 || s.Count == 0, "streams.stages", "stages replace count and cohorts; give one of them")
	c.must(*s.Reconnect.Jitter >= 0, "streams.reconnect.jitter", "a share cannot be negative")
	c.topics("streams.topics", s.Topics)
	sum := 0
	names := map[string]bool{}
	for i, cohort := range s.Cohorts {
		path := fmt.Sprintf("streams.cohorts.%d", i)
		c.must(cohort.Count > 0, path+".count", "expected at least 1 stream")
		c.must(cohort.Name != "" && !names[cohort.Name], path+".name", "a cohort needs a name of its own")
		c.must(!strings.ContainsAny(cohort.Name, `:<>=!/\, `), path+".name", `a cohort's name cannot hold spaces or any of : < > = ! / \ ,`)
		c.must(cohort.CutEvery >= 0, path+".cut_every", "a time cannot be negative")
		c.topics(path+".topics", cohort.Topics)
		names[cohort.Name] = true
		sum += cohort.Count
	}
	c.must(sum == 0 || sum == s.Count, "streams.count", "with cohorts the count is their sum, %d; leave it out", sum)
	for i, stage := range s.Stages {
		path := fmt.Sprintf("streams.stages.%d", i)
		c.must(stage.Count >= 0 && stage.Duration >= 0, path, "neither count nor duration can be negative")
	}
}

var placeholder = regexp.MustCompile(`\{[a-z_]+\}`)

// templates complains about placeholders that nothing fills in.
func (c *checker) templates(path, text string, known ...string) {
	for _, found := range placeholder.FindAllString(text, -1) {
		name := strings.Trim(found, "{}")
		c.must(slices.Contains(known, name), path, "unknown placeholder %s%s; known: {%s}", found, nearest.Hint(name, known), strings.Join(known, "}, {"))
	}
}

func (c *checker) topics(path string, topics []string) {
	for i, topic := range topics {
		c.templates(fmt.Sprintf("%s.%d", path, i), topic, "stream")
	}
}

func (c *checker) checkPublish(s *Scenario) {
	p := &s.Publish
	c.oneOf(p.Via, "publish.via", ViaHTTP, ViaCommand, ViaNone)
	c.must(p.InFlight > 0, "publish.in_flight", "expected at least 1")
	c.must(p.Size >= 0 && p.Size <= MaxSize, "publish.size", "expected 0 to 16 MiB")
	for i, stage := range p.Stages {
		c.must(stage.Duration >= 0, fmt.Sprintf("publish.stages.%d", i), "a time cannot be negative")
	}
	c.must(p.Observe == nil || p.Via == ViaNone, "publish.observe", "observe is for a server that emits by itself: via none")
	inData := []string{"stamp", "pad", "topic", "seq"}
	c.templates("publish.data", p.Data, inData...)
	c.must(strings.Contains(p.Data, "{stamp}"), "publish.data", "the data must hold {stamp}, by which an event is recognised")
	request := []string{"topic", "event", "topic_json", "event_json"}
	c.templates("publish.url", p.URL, request...)
	c.templates("publish.body", p.Body, append(request, "data", "data_json")...)
	for name, value := range p.Headers {
		c.templates("publish.headers."+name, value, "topic", "event")
	}
	switch p.Via {
	case ViaHTTP:
		u, err := url.Parse(fill(p.URL, "topic", "x", "event", "x"))
		c.must(s.Embedded() || p.URL != "" && err == nil && u.Host != "", "publish.url", "publishing needs the http or https URL of the backend's publish endpoint; or say via: none")
	case ViaCommand:
		c.must(len(p.Command) > 0, "publish.command", "publishing via command needs the command")
	case ViaNone:
		c.checkObserve(p.Observe)
	}
	if p.Auth != nil {
		c.checkAuth(p.Auth, "publish.auth")
	}
}

func (c *checker) checkObserve(o *Observe) {
	if o == nil {
		return
	}
	c.oneOf(o.Unit, "publish.observe.unit", "ns", "us", "ms", "s")
	for path, text := range map[string]string{"publish.observe.time": o.Time, "publish.observe.sequence": o.Sequence} {
		_, err := newFinder(text)
		c.must(err == nil, path, "%v", err)
	}
}

func (c *checker) checkAuth(a *Auth, path string) {
	sources := 0
	for _, given := range []bool{a.Token != "", a.File != "", a.JWT != nil, a.OAuth2 != nil} {
		if given {
			sources++
		}
	}
	c.must(sources <= 1, path, "give one of token, file, jwt and oauth2")
	how, name, _ := strings.Cut(a.Send, " ")
	c.oneOf(how, path+".send", "bearer", "header", "cookie", "query")
	c.must(how == "bearer" || name != "", path+".send", "%s needs a name: %q", how, how+" NAME")
	if a.JWT != nil {
		c.must(a.JWT.TTL > 0, path+".jwt.ttl", "expected a time above 0")
		c.templates(path+".jwt.subject", a.JWT.Subject, "stream")
		for key, patterns := range map[string][]string{"subscribe": a.JWT.Subscribe, "publish": a.JWT.Publish} {
			for i, pattern := range patterns {
				c.templates(fmt.Sprintf("%s.jwt.%s.%d", path, key, i), pattern, "stream", "topic")
			}
		}
	}
	if a.OAuth2 != nil {
		c.must(a.OAuth2.TokenURL != "" && a.OAuth2.ClientID != "", path+".oauth2", "token_url and client_id are needed")
	}
}

func (c *checker) checkThreshold(s *Scenario, t Threshold, path string) {
	if t.cohort == "" {
		return
	}
	var names []string
	for _, cohort := range s.Streams.Cohorts {
		names = append(names, cohort.Name)
	}
	c.must(slices.Contains(names, t.cohort), path, "threshold %q: unknown cohort %q%s; known cohorts: %s", t.Expression, t.cohort, nearest.Hint(t.cohort, names), strings.Join(names, ", "))
}
