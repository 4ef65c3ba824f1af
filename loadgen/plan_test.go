package loadgen

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ssegauge/ssegauge/internal/stamp"
)

func mustPlan(t *testing.T, text string) *Plan {
	t.Helper()
	p := NewPlan(mustLoad(t, text))
	return p
}

func TestPlanStages(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name   string
		stages []CountStage
		want   []PlannedStream
	}{
		{"up", []CountStage{{100 * ms, 4}}, []PlannedStream{{Open: 0}, {Open: 25 * ms}, {Open: 50 * ms}, {Open: 75 * ms}}},
		{"at once", []CountStage{{0, 2}}, []PlannedStream{{}, {}}},
		{"up, held, down: what was opened last closes first", []CountStage{{100 * ms, 2}, {time.Second, 2}, {100 * ms, 0}}, []PlannedStream{
			{Open: 0, Close: 1150 * ms}, {Open: 50 * ms, Close: 1100 * ms},
		}},
		{"down and up again", []CountStage{{0, 3}, {100 * ms, 1}, {100 * ms, 2}}, []PlannedStream{
			{Open: 0}, {Open: 0, Close: 50 * ms}, {Open: 0, Close: 1}, {Open: 100 * ms},
		}},
		{"nothing", []CountStage{{time.Second, 0}}, nil},
	} {
		if diff := cmp.Diff(c.want, planStages(c.stages)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// At any time as many streams are planned open as the stages ask for.
func TestPlanFollowsStages(t *testing.T) {
	p := mustPlan(t, `
name: x
target: {url: embedded}
streams:
  stages: [{duration: 10s, count: 100}, {duration: 10s, count: 20}, {duration: 0s, count: 50}, {duration: 5s, count: 50}]
`)
	open, at := map[int]bool{}, map[time.Duration]int{}
	last := time.Duration(0)
	for _, change := range p.changes() {
		if change.at < last || open[change.stream] == !change.close {
			t.Fatalf("change %+v after %v, stream open: %v", change, last, open[change.stream])
		}
		last = change.at
		if change.close {
			delete(open, change.stream)
		} else {
			open[change.stream] = true
		}
		at[change.at] = len(open)
	}
	for when, want := range map[time.Duration]int{0: 1, 5 * time.Second: 51, 9900 * time.Millisecond: 100, 15 * time.Second: 59, 20 * time.Second: 50} {
		if at[when] != want {
			t.Errorf("%d streams are open after the changes at %v, want %d", at[when], when, want)
		}
	}
	if len(open) != 50 || !p.PublishFirst {
		t.Errorf("%d streams stay open, want 50; publishing first: %v", len(open), p.PublishFirst)
	}
}

func TestPlanMixesCohorts(t *testing.T) {
	p := mustPlan(t, `
name: x
target: {url: embedded}
streams:
  cohorts: [{name: many, count: 900}, {name: few, count: 90}, {name: rare, count: 10, topics: ["own/{stream}"]}]
`)
	if diff := cmp.Diff([]string{"many", "few", "rare"}, p.Cohorts); diff != "" {
		t.Fatal(diff)
	}
	dealt := make([]int, 3)
	for i, s := range p.Streams {
		dealt[s.Cohort]++
		for c, whole := range []int{900, 90, 10} {
			if share := float64(whole) * float64(i+1) / 1000; float64(dealt[c]) < share-2 || float64(dealt[c]) > share+2 {
				t.Fatalf("after %d streams the cohort %s has %d, its share is %.1f", i+1, p.Cohorts[c], dealt[c], share)
			}
		}
	}
	if diff := cmp.Diff([]int{900, 90, 10}, dealt); diff != "" {
		t.Error(diff)
	}
	if len(p.Topics) != 11 {
		t.Errorf("%d topics, want one for all and one each of the 10 rare", len(p.Topics))
	}
}

func TestPlanTopics(t *testing.T) {
	p := mustPlan(t, `
name: x
target: {url: embedded}
streams: {count: 3, topics: [all, "own/{stream}", own/1]}
`)
	if diff := cmp.Diff([]string{"all", "own/0", "own/1", "own/2"}, p.Topics); diff != "" {
		t.Errorf("topics (-want +got):\n%s", diff)
	}
	var got [][]string
	for i := range p.Streams {
		got = append(got, p.topicNames(i))
	}
	// A topic that two templates come to is one topic.
	if diff := cmp.Diff([][]string{{"all", "own/0", "own/1"}, {"all", "own/1"}, {"all", "own/2", "own/1"}}, got); diff != "" {
		t.Errorf("topics of the streams (-want +got):\n%s", diff)
	}

	// Streams of the same topics share their list.
	p = mustPlan(t, "name: x\ntarget: {url: embedded}\nstreams: {count: 100}\n")
	for i := range p.Streams {
		if &p.Streams[i].Topics[0] != &p.Streams[0].Topics[0] {
			t.Fatalf("stream %d has a list of its own", i)
		}
	}
}

func TestPlanURL(t *testing.T) {
	for _, c := range []struct{ url, topics, want string }{
		{"http://h/events", "a", "http://h/events"},
		{"http://h/{topic}/{stream}", "a/b c?d", "http://h/a%2Fb%20c%3Fd/1"},
		{"http://h/e?topic={topic}", "a&b=c+d", "http://h/e?topic=a%26b%3Dc%2Bd"},
		{"http://h/e?topic={topic}", "[a, b c, d&e]", "http://h/e?topic=a&topic=b+c&topic=d%26e"},
		{"http://h/e?x=1&topic={topic}&s={stream}&y", "[a, b]", "http://h/e?x=1&topic=a&topic=b&s=1&y"},
		{"http://h/e?match={topic}-{stream}", "[a, b]", "http://h/e?match=a-1&match=b-1"},
		{"http://h/e?topic={topic}", "'{stream}-{topic}'", "http://h/e?topic=1-%7Btopic%7D"},
		{"http://h/e?t={topic}", "a#b", "http://h/e?t=a%23b"},
	} {
		s, err := load("name: x\ntarget: {url: '" + c.url + "'}\npublish: {via: none}\nstreams: {count: 2}\n")
		if err != nil {
			t.Fatal(err)
		}
		s.Streams.Topics = strings.Split(strings.Trim(c.topics, "[]'"), ", ")
		p := NewPlan(s)
		if u, err := p.URL(1); err != nil || u.String() != c.want {
			t.Errorf("%s for %s is %v, %v; want %s", c.url, c.topics, u, err, c.want)
		}
	}
}

func TestPlanEvents(t *testing.T) {
	for text, want := range map[string]int{
		"duration: 2s\npublish: {rate: 100/s}":                                                  200,
		"duration: 2s\nwarmup: 1s\npublish: {rate: 100/s}":                                      300,
		"duration: 2s\npublish: {via: none}":                                                    0,
		"duration: 4s\npublish: {stages: [{duration: 1s, rate: 10}, {duration: 2s, rate: 30}]}": 80,
	} {
		p := mustPlan(t, "name: x\ntarget: {url: embedded}\nstreams: {count: 1}\n"+text+"\n")
		if got := p.Events.Len(); got != want {
			t.Errorf("%q plans %d events, want %d", text, got, want)
		}
	}
	if a, b := mustPlan(t, "name: x\ntarget: {url: embedded}\nstreams: {count: 1}\n"), mustPlan(t, "name: x\ntarget: {url: embedded}\nstreams: {count: 1}\n"); a.Run == b.Run {
		t.Error("two plans have the same run number")
	}
}

func TestPlanData(t *testing.T) {
	mark := stamp.Stamp{Run: 7, Topic: 0, Seq: 42, Due: 1, Sent: 2}
	word := string(stamp.Append(nil, mark))
	for _, c := range []struct {
		data  string
		size  int
		topic string
		want  string
	}{
		{"{stamp}", 0, "t", word},
		{"{stamp}", 500, "t", word},
		{"{stamp} {topic} {seq}", 0, "t", word + " t 42"},
		{"{stamp} {pad}", 80, "t", word + " " + strings.Repeat("x", 80-len(word)-1)},
		{"{stamp}{pad}", len(word), "t", word},
		{"{stamp}{pad}", 1, "t", word},
		{"{pad}{stamp}{pad}", len(word) + 3, "t", "xx" + word + "xx"},
		{"{stamp} {topic} {pad}", 90, "{pad}", word + " {pad} " + strings.Repeat("x", 90-len(word)-7)},
		{`{"a":{"stamp":"{stamp}"}}`, 0, "t", `{"a":{"stamp":"` + word + `"}}`},
	} {
		p := &Plan{Scenario: &Scenario{Publish: Publish{Data: c.data, Size: c.size}}, Topics: []string{c.topic}}
		if got := p.data(mark); got != c.want {
			t.Errorf("data %q of size %d:\n got %s\nwant %s", c.data, c.size, got, c.want)
		}
	}
}

func TestPublishRequest(t *testing.T) {
	p := &Publish{
		URL: "http://h/{topic}/x?t={topic}&e={event}", Method: http.MethodPut, Event: "a b",
		Body:    `{"topic":{topic_json},"event":{event_json},"data":{data_json}}`,
		Headers: map[string]string{"X-Topic": "{topic}"},
	}
	r, err := newPublishRequest(t.Context(), p, `q"&/+`, "two\nlines <é>")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := r.Method+" "+r.URL.String(), `PUT http://h/q%22&%2F+/x?t=q%22%26%2F%2B&e=a+b`; got != want {
		t.Errorf("request %s, want %s", got, want)
	}
	if got := r.URL.Query(); got.Get("t") != `q"&/+` || got.Get("e") != "a b" {
		t.Errorf("query %v", got)
	}
	body := make([]byte, r.ContentLength)
	r.Body.Read(body)
	if want := `{"topic":"q\"&/+","event":"a b","data":"two\nlines <é>"}`; string(body) != want {
		t.Errorf("body %s, want %s", body, want)
	}
	if r.Header.Get("X-Topic") != `q"&/+` || r.Header.Get("Content-Type") != "application/json" {
		t.Errorf("headers %v", r.Header)
	}
	// Without JSON the type is the target's business, and a header wins.
	p.Body, p.Headers = "{data}", map[string]string{"Content-Type": "text/plain"}
	if r, err = newPublishRequest(t.Context(), p, "t", `{"x":"{topic}"}`); err != nil || r.Header.Get("Content-Type") != "text/plain" || r.ContentLength != int64(len(`{"x":"{topic}"}`)) {
		t.Errorf("type %q, %d bytes, error %v", r.Header.Get("Content-Type"), r.ContentLength, err)
	}
}

func TestFill(t *testing.T) {
	for _, c := range []struct{ template, want string }{
		{"", ""}, {"plain", "plain"}, {"{a}", "1"}, {"{a}{b}{a}", "1{a}1"}, {"{{a}}", "{1}"}, {"{c}", "{c}"}, {"{", "{"},
	} {
		if got := fill(c.template, "a", "1", "b", "{a}"); got != c.want {
			t.Errorf("fill(%q) = %q, want %q", c.template, got, c.want)
		}
	}
}

func TestPlanOpenings(t *testing.T) {
	p := mustPlan(t, "name: x\ntarget: {url: embedded}\nstreams: {count: 4, ramp: 100ms}\n")
	var got []string
	for _, c := range p.changes() {
		got = append(got, fmt.Sprint(c.stream, c.at, c.close))
	}
	if diff := cmp.Diff([]string{"0 0s false", "1 25ms false", "2 50ms false", "3 75ms false"}, got); diff != "" {
		t.Errorf("openings (-want +got):\n%s", diff)
	}
}
