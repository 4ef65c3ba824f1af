package proxylab

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A Capacity says which setting of the whole process is to be tried at which
// values, to see how many streams each allows.
type Capacity struct {
	// Variant is the one that is run, by its name.
	Variant string `yaml:"variant"`
	// Setting is the place of the template that gets the Values.
	Setting string   `yaml:"setting"`
	Values  []string `yaml:"values"`
	// Most is where the ramp ends if nothing fails before. Default 100, at most
	// 1000.
	Most int `yaml:"most"`
	// Size is the length of each event's padding in bytes, which fills buffers.
	// Default 0.
	Size int `yaml:"size"`
	// Project lists further values, for which the number of streams follows from
	// those that were tried.
	Project []int `yaml:"project"`

	variant *Variant
}

// A CapacityResult is how many streams one value of a setting allows.
type CapacityResult struct {
	Proxy   string `json:"proxy"`
	Version string `json:"version"`
	Setting string `json:"setting"`
	Value   string `json:"value"`
	// Streams were open at once. Next is what became of the one after them; empty
	// if all that were tried stood.
	Streams int    `json:"streams"`
	Next    string `json:"next,omitempty"`
	// Log is what the proxy wrote about it.
	Log string `json:"log,omitempty"`
	// BytesPerStream is by how much the memory of the processes grew with them,
	// and StreamsPerGiB how many fit into so much of it; 0 where the system does
	// not say.
	BytesPerStream int64 `json:"memory_bytes_per_stream,omitempty"`
	StreamsPerGiB  int64 `json:"streams_per_gib,omitempty"`
	// Projected tells that it follows from the values that were tried, and was
	// not tried itself.
	Projected bool `json:"projected,omitempty"`
}

func (c *checker) checkCapacity(f *File) {
	for i := range f.Capacity {
		path := fmt.Sprintf("capacity.%d", i)
		q := &f.Capacity[i]
		names := []string{}
		for _, v := range f.Variants {
			names = append(names, v.Name)
			if v.Name == q.Variant {
				q.variant = v
			}
		}
		c.must(q.variant != nil, path+".variant", "unknown variant %q; known: %s", q.Variant, strings.Join(names, ", "))
		c.must(len(q.Values) > 0, path+".values", "name the values to try")
		c.must(q.Size >= 0 && q.Size <= 64<<10, path+".size", "expected at most 64 KiB")
		c.must(q.Most >= 0 && q.Most <= 1000, path+".most", "expected at most 1000 streams")
		q.Most = cmp.Or(q.Most, 100)
		if q.variant != nil && q.variant.template != nil {
			c.checkPlaces(path+".setting", map[string]string{q.Setting: ""}, q.variant.template.process)
		}
	}
}

// capacity tries every value of every setting.
func (r *run) capacity(ctx context.Context) error {
	origin, err := r.startOrigin(ctx)
	if err != nil {
		return err
	}
	defer origin.stop()
	for _, c := range r.matrix.Capacity {
		if _, err := r.lab.Version(ctx, c.variant); err != nil {
			continue // its rows say so
		}
		var tried []CapacityResult
		for _, value := range c.Values {
			r.progress("capacity: %s %s", c.Setting, value)
			result, err := r.try(ctx, &c, value, origin)
			if err != nil {
				return err
			}
			tried = append(tried, *result)
		}
		r.report.Capacity = append(r.report.Capacity, tried...)
		r.report.Capacity = append(r.report.Capacity, project(tried, c.Project)...)
	}
	return nil
}

// try opens streams, one after another, until one does not come.
func (r *run) try(ctx context.Context, c *Capacity, value string, origin *probeOrigin) (*CapacityResult, error) {
	v := *c.variant
	v.Process = map[string]string{}
	for name, set := range c.variant.Process {
		v.Process[name] = set
	}
	v.Process[c.Setting] = value
	proxy, err := r.lab.Start(ctx, []*Variant{&v}, origin.address, ProbeReady(origin.url()))
	if err != nil {
		return nil, err
	}
	defer proxy.Stop()
	result := &CapacityResult{Proxy: v.Proxy(), Version: proxy.Version, Setting: c.Setting, Value: value}
	before, known := usageOf(proxy.group())
	silent := len(proxy.Log())
	ramp := &ramp{client: r.lab.client, url: fmt.Sprintf("%s?count=600&interval=1s&size=%d", proxy.URL(v.Name), c.Size)}
	defer ramp.close()
	for len(ramp.open) < c.Most && result.Next == "" {
		if result.Next, err = ramp.step(ctx); err != nil {
			return nil, err
		}
	}
	result.Streams = len(ramp.open)
	if result.Next != "" {
		result.Log = lastLine(proxy.Log()[silent:])
	}
	if after, ok := usageOf(proxy.group()); known && ok && result.Streams > 0 {
		if result.BytesPerStream = max(0, after.memory-before.memory) / int64(result.Streams); result.BytesPerStream > 0 {
			result.StreamsPerGiB = 1 << 30 / result.BytesPerStream
		}
	}
	return result, nil
}

// A ramp is a growing number of open streams, until it is closed.
type ramp struct {
	client  *http.Client
	url     string
	open    []*rampStream
	reading sync.WaitGroup // of all that were started
}

type rampStream struct {
	cancel context.CancelFunc
	came   chan string // what became of it, once: empty for a first event
}

// rampPatience is how long a stream may take to begin before another is ended,
// to see whether it was waiting for that.
const rampPatience = 5 * time.Second

// step opens one more stream, and says what became of it instead if it did not
// begin.
func (r *ramp) step(ctx context.Context) (instead string, err error) {
	s := r.start(ctx)
	select {
	case instead = <-s.came:
	case <-ctx.Done():
		err = ctx.Err()
	case <-time.After(rampPatience):
		instead = r.waits(ctx, s)
	}
	if instead == "" && err == nil {
		r.open = append(r.open, s)
		return "", nil
	}
	s.cancel()
	return instead, err
}

// waits finds out whether a stream that does not begin waits for another to end.
func (r *ramp) waits(ctx context.Context, s *rampStream) string {
	if len(r.open) == 0 {
		return "gets no answer"
	}
	last := r.open[len(r.open)-1]
	last.cancel()
	select {
	case instead := <-s.came:
		if instead == "" {
			return "waits until another ends"
		}
		return instead
	case <-time.After(2 * rampPatience):
		return "gets no answer"
	case <-ctx.Done():
		return "gets no answer"
	}
}

// start opens a stream, on a connection of its own, and reads it until the ramp
// is over.
func (r *ramp) start(ctx context.Context) *rampStream {
	ctx, cancel := context.WithCancel(ctx)
	s := &rampStream{cancel: cancel, came: make(chan string, 1)}
	client := *r.client
	client.Timeout = 0
	r.reading.Go(func() { s.read(ctx, &client, r.url) })
	return s
}

// read says what came of the stream, and reads it until ctx ends.
func (s *rampStream) read(ctx context.Context, client *http.Client, url string) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		s.came <- err.Error()
		return
	}
	request.Header.Set("Accept", "text/event-stream")
	answer, err := client.Do(request)
	if err != nil {
		s.came <- "is closed without an answer"
		return
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		s.came <- "gets status " + strconv.Itoa(answer.StatusCode)
		return
	}
	if _, err := answer.Body.Read(make([]byte, 1)); err != nil {
		s.came <- "ends before its first event"
		return
	}
	s.came <- ""
	_, _ = io.Copy(io.Discard, answer.Body)
}

// close ends all streams.
func (r *ramp) close() {
	for _, s := range r.open {
		s.cancel()
	}
	r.reading.Wait()
}

// lastLine is the last line of a log that is about an error.
func lastLine(log string) string {
	lines := strings.Split(strings.TrimSpace(log), "\n")
	slices.Reverse(lines)
	for _, level := range []string{"[emerg]", "[alert]", "[crit]", "[error]", "[warn]", ""} {
		for _, line := range lines {
			if strings.Contains(line, level) {
				return strings.TrimSpace(line)
			}
		}
	}
	return ""
}

// project works out how many streams further values allow, from a line through
// the least and the largest that were tried. Nothing is projected from values
// that lie on no line, or that nothing failed at.
func project(tried []CapacityResult, values []int) []CapacityResult {
	type point struct{ value, streams float64 }
	var points []point
	for _, t := range tried {
		value, err := strconv.Atoi(t.Value)
		if err != nil || t.Next == "" {
			return nil
		}
		points = append(points, point{float64(value), float64(t.Streams)})
	}
	if len(points) < 3 {
		return nil
	}
	slices.SortFunc(points, func(a, b point) int { return int(a.value - b.value) })
	first, last := points[0], points[len(points)-1]
	if first.value == last.value {
		return nil
	}
	slope := (last.streams - first.streams) / (last.value - first.value)
	at := func(value float64) float64 { return first.streams + slope*(value-first.value) }
	for _, p := range points {
		if d := p.streams - at(p.value); d < -1 || d > 1 {
			return nil
		}
	}
	var list []CapacityResult
	for _, value := range values {
		next := tried[0]
		next.Value, next.Streams, next.Projected, next.Log, next.BytesPerStream, next.StreamsPerGiB = strconv.Itoa(value), int(at(float64(value))), true, "", 0, 0
		list = append(list, next)
	}
	return list
}
