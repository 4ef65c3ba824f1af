package conformance

import (
	"slices"
	"testing"
)

// A target that ends the stream behind a payload fails the row of that payload,
// and the payloads behind it are looked at on a new stream.
func TestPayloadThatEndsStreams(t *testing.T) {
	b := newBroker()
	b.wire = func(f Fields) string {
		if f["data"] == "" {
			return endOfStream
		}
		return block(f)
	}
	r := mustRun(t, serveBroker(t, b), Options{Run: []string{"data.empty", "data.roundtrip", "data.bom-char"}, Exchanges: []string{"payload"}})
	if got, want := red(r), []string{"data.empty"}; !slices.Equal(got, want) {
		t.Errorf("red: %v, want %v", got, want)
	}
	for _, id := range []string{"data.roundtrip.ascii", "data.bom-char"} {
		if c := find(t, r, id); c.Outcome != Pass {
			t.Errorf("%s: %s %s", id, c.Outcome, c.Observed)
		}
	}
}

// One stream that ends for another reason fails no row.
func TestStreamThatEndsOnce(t *testing.T) {
	t.Parallel()
	b := newBroker()
	ended := false
	b.wire = func(f Fields) string {
		if f["data"] == "\ufeffa" && !ended {
			ended = true
			return endOfStream
		}
		return block(f)
	}
	r := mustRun(t, serveBroker(t, b), Options{Run: []string{"data.*"}, Exchanges: []string{"payload"}})
	if got := red(r); len(got) > 0 {
		t.Errorf("red: %v", got)
	}
	if c := find(t, r, "data.bom-char"); c.Outcome != Pass || !ended {
		t.Errorf("data.bom-char: %s %s, ended %t", c.Outcome, c.Observed, ended)
	}
}

// A target that sends the head with the first event fails the row about that,
// and all others are judged as if it did not.
func TestHeadWithTheFirstEvent(t *testing.T) {
	t.Parallel()
	b := newBroker()
	b.withhold = true
	target := serveBroker(t, b)
	target.Pace.Patience = quick.Patience / 5
	r := mustRun(t, target, Options{Run: []string{"http.head.flush", "http.accept.*", "http.request-headers", "data.*", "stream.event"}, Exchanges: []string{"open", "accept", "browser", "payload", "publish"}})
	if got, want := red(r), []string{"http.head.flush"}; !slices.Equal(got, want) {
		t.Errorf("red: %v, want %v", got, want)
	}
	for _, id := range []string{"http.accept.missing", "http.request-headers.tolerated", "data.roundtrip.ascii", "stream.event.terminated"} {
		if c := find(t, r, id); c.Outcome != Pass {
			t.Errorf("%s: %s %s", id, c.Outcome, c.Observed)
		}
	}
}
