package conformance

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// converseWith lets an exchange take place with a target, and returns its
// transcript.
func converseWith(t *testing.T, name string, target Target, payloads ...payloadOf) *Transcript {
	t.Helper()
	e, ok := findExchange(name)
	if !ok {
		t.Fatalf("there is no exchange %s", name)
	}
	if target.Pace == (Pace{}) {
		target.Pace = quick
	}
	r, err := newRunner(target, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.client.CloseIdleConnections()
	return r.converse(t.Context(), e, payloads)
}

// Odd IDs and reconnection times are published where the hook has a place for
// them, each between marks of its own.
func TestFieldProbes(t *testing.T) {
	for _, row := range []struct {
		optional map[string]string
		want     int
	}{
		{nil, 0},
		{map[string]string{"id": `,"id":{id_json}`}, 3},
		{map[string]string{"id": `,"id":{id_json}`, "retry": `,"retry":{retry_json}`}, len(fieldProbes)},
	} {
		b := newBroker()
		target := serveBroker(t, b)
		api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			text, _ := io.ReadAll(r.Body)
			if bytes.Contains(text, []byte(`"id"`)) || bytes.Contains(text, []byte(`"retry"`)) {
				http.Error(w, "no", http.StatusBadRequest)
				return
			}
			_, data, _ := bytes.Cut(text, []byte(`"data":"`))
			data, _, _ = bytes.Cut(data, []byte(`"`))
			_ = b.publish(r.Context(), r.URL.Query().Get("topic"), Fields{"data": string(data)})
		}))
		target.Publish = &Publish{Request: Request{URL: api.URL + "/?topic={topic}", Body: `{"data":{data_json}{optional}}`}, Optional: row.optional}
		got := converseWith(t, "fields", target, payloadOf{"a.check", Payload{Fields: Fields{"data": "x"}}})
		api.Close()
		var probes, marks int
		for _, p := range got.Publications {
			switch {
			case p.Mark:
				marks++
			case p.Check != "a.check":
				probes++
				if !p.refused() {
					t.Errorf("%v: accepted %t, status %d", p.Fields, p.Accepted, p.Status)
				}
			}
		}
		// One mark at least settles the stream.
		if probes != row.want || marks < probes+2 || got.Problem != "" {
			t.Errorf("%v: %d probes and %d marks, want %d probes; %s", row.optional, probes, marks, row.want, got.Problem)
		}
	}
}

func TestIDsAcrossTopics(t *testing.T) {
	b := newBroker()
	got := converseWith(t, "ids", serveBroker(t, b))
	topics := map[string]int{}
	for _, p := range got.Publications {
		if !p.Mark {
			topics[p.Topic]++
		}
	}
	own := got.Publications[0].Topic
	if topics[own] != numberedEvents || topics[own+"-beside"] != numberedEvents*strangersPerEvent || len(topics) != 2 {
		t.Errorf("%v", topics)
	}
	for _, name := range []string{"a", "b"} {
		c := got.named(name)
		if n := strings.Count(string(c.bytes()), "-id-"); n != numberedEvents || strings.Contains(string(c.bytes()), "beside") {
			t.Errorf("stream %s got %d events: %q", name, n, c.bytes())
		}
	}
}

func TestSpreadEndsAllStreams(t *testing.T) {
	t.Parallel()
	for limit, want := range map[int]int{0: spreadStreams, 20: 5, 4: 2} {
		b := newBroker()
		target := serveBroker(t, b)
		target.StreamLimit = limit
		target.Control = map[string]*Action{"finish": {Func: func(_ context.Context, topic string) error {
			b.mu.Lock()
			defer b.mu.Unlock()
			for c := range b.topics[topic] {
				c <- endOfStream
			}
			return nil
		}}}
		got := converseWith(t, "spread", target)
		ended := 0
		for _, c := range got.Connections {
			if c.End == EndComplete {
				ended++
			}
		}
		if ended != want || len(got.Connections) != want || got.Problem != "" {
			t.Errorf("limit %d: %d of %d streams ended, want %d; %s", limit, ended, len(got.Connections), want, got.Problem)
		}
	}
}

func TestEpochRestartsBetween(t *testing.T) {
	b := newBroker()
	target := serveBroker(t, b)
	restarts := 0
	target.Control = map[string]*Action{"restart": {Func: func(_ context.Context, topic string) error {
		restarts++
		b.mu.Lock()
		defer b.mu.Unlock()
		for c := range b.topics[topic] {
			c <- endOfStream
		}
		return nil
	}}}
	got := converseWith(t, "epoch", target)
	before, after := got.named("before"), got.named("after")
	if restarts != 1 || before == nil || after == nil || got.Problem != "" {
		t.Fatalf("%d restarts; %s", restarts, got.Problem)
	}
	for _, c := range []*Connection{before, after} {
		if n := strings.Count(string(c.bytes()), "-"+c.Name+"-"); n != numberedEvents || strings.Count(string(c.bytes()), "-before-")+strings.Count(string(c.bytes()), "-after-") != n {
			t.Errorf("the stream %s: %q", c.Name, c.bytes())
		}
	}
}

// A stream gets what another user's token publishes, with its marks.
func TestInjectOther(t *testing.T) {
	b := newBroker()
	target := serveBroker(t, b)
	target.Tokens = &Tokens{Good: "good-token", Other: "other-token"}
	payload := payloadOf{"inject.cross-user", Payload{Fields: Fields{"data": "x\ndata: y"}}}
	got := converseWith(t, "inject-other", target, payload)
	for _, name := range []string{"stream", "other"} {
		events, _, ok := got.between(got.Publications[slices.IndexFunc(got.Publications, func(p *Publication) bool { return !p.Mark })], name)
		if !ok || len(events) != 1 || events[0].Data != "x\ndata: y" {
			t.Errorf("%s: %t, %v; %s", name, ok, events, got.Problem)
		}
	}

	target = serveBroker(t, newBroker())
	target.Tokens = &Tokens{Good: "good-token", Other: "other-token"}
	target.URL = onlyFor(t, target.URL, "Bearer good-token")
	if got := converseWith(t, "inject-other", target, payload); !strings.Contains(got.Problem, "other user may not") {
		t.Errorf("problem %q", got.Problem)
	}
}

// onlyFor stands in front of a target and refuses other authorizations.
func onlyFor(t *testing.T, address, authorization string) string {
	t.Helper()
	u, err := url.Parse(strings.ReplaceAll(address, "{topic}", "x"))
	if err != nil {
		t.Fatal(err)
	}
	base := "http://" + u.Host
	front := raw(t, func(conn net.Conn, r *http.Request) {
		if r.Header.Get("Authorization") != authorization {
			say(conn, "HTTP/1.1 403 Forbidden\nContent-Length: 0")
			return
		}
		say(conn, rawHead, ":\n\n")
		hold(conn)
	})
	return strings.Replace(address, base, front, 1)
}

// heads collects the requests that a server gets, and answers each with a
// stream or, where refuse says so, with 400.
func heads(t *testing.T, refuse func(*http.Request) bool) (address string, requests func() []*http.Request) {
	var mu sync.Mutex
	var got []*http.Request
	address = raw(t, func(conn net.Conn, r *http.Request) {
		mu.Lock()
		got = append(got, r)
		mu.Unlock()
		if refuse(r) {
			say(conn, "HTTP/1.1 400 Bad Request\nContent-Length: 0")
			return
		}
		say(conn, rawHead, ":\n\n")
		hold(conn)
	})
	return address, func() []*http.Request {
		mu.Lock()
		defer mu.Unlock()
		return got
	}
}

// The IDs go over the wire with every byte.
func TestEchoSendsEveryByte(t *testing.T) {
	address, requests := heads(t, func(*http.Request) bool { return false })
	got := converseWith(t, "echo", Target{URL: address})
	var sent, want []string
	for _, r := range requests() {
		sent = append(sent, r.Header.Get("Last-Event-ID"))
	}
	for _, id := range echoedIDs {
		want = append(want, id.Value)
		if c := got.named(id.Name); c == nil || !c.isStream() {
			t.Errorf("no stream %s", id.Name)
		}
	}
	slices.Sort(sent)
	slices.Sort(want)
	if !slices.Equal(sent, want) {
		t.Errorf("%q, want %q", sent, want)
	}
}

// Every parameter, and the topic, carries the line ends, and one that is
// refused does not keep the others from being asked.
func TestReflectAsksEveryParameter(t *testing.T) {
	address, requests := heads(t, func(r *http.Request) bool { return r.URL.Query().Get("type") != "" })
	got := converseWith(t, "reflect", Target{URL: address + "/?topic={topic}"})
	seen := map[string]bool{}
	for _, r := range requests() {
		for name, values := range r.URL.Query() {
			if strings.HasSuffix(values[0], reflectValue) {
				seen[name] = true
			}
		}
	}
	for _, name := range append([]string{"topic"}, reflectedNames...) {
		c := got.named(name)
		if !seen[name] || c == nil || c.isStream() == (name == "type") {
			t.Errorf("%s: asked %t, %+v", name, seen[name], c)
		}
	}
	if len(seen) != len(reflectedNames)+1 {
		t.Errorf("%v", seen)
	}
	address, requests = heads(t, func(*http.Request) bool { return false })
	converseWith(t, "reflect", Target{URL: address})
	if n := len(requests()); n != len(reflectedNames) {
		t.Errorf("%d requests to a target without topics, want %d", n, len(reflectedNames))
	}
}

// The types that the target uses by itself are published, and no others.
func TestReservedTypes(t *testing.T) {
	t.Parallel()
	b := newBroker()
	inner := serveBroker(t, b)
	own := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Last-Event-ID") == "" {
			b.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "event: gap\ndata: {}\n\ndata: plain\n\nevent: gap\ndata: {}\n\n")
	}))
	defer own.Close()
	inner.URL = own.URL + "/events?topic={topic}"
	for _, row := range []struct {
		profiles []string
		want     []string
	}{{nil, []string{"gap"}}, {[]string{"mercure"}, []string{"mercure", "gap"}}} {
		target := inner
		target.Profiles = row.profiles
		got := converseWith(t, "reserved", target)
		var types []string
		for _, p := range got.Publications {
			if p.Check == "inject.reserved-name" {
				types = append(types, p.Fields["event"])
			}
		}
		if !slices.Equal(types, row.want) {
			t.Errorf("%v: published %q, want %q; %s", row.profiles, types, row.want, got.Problem)
		}
	}
}
