package loadgen

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ssegauge/ssegauge/internal/stamp"
)

// A publisher publishes the events of a plan when they are due, without ever
// waiting for an answer: the next event's time does not depend on the target.
type publisher struct {
	run   *run
	send  func(ctx context.Context, topic int, data string) Failure
	slots chan struct{}
	idle  func() // closes the connections that are not in use

	mu    sync.Mutex // guards tally, which concurrent answers count in
	tally *Tally
	spare *Tally
}

func newPublisher(r *run) (*publisher, error) {
	p := &publisher{
		run:   r,
		slots: make(chan struct{}, r.plan.Scenario.Publish.InFlight),
		idle:  func() {},
		tally: newTally(len(r.plan.Cohorts)),
		spare: newTally(len(r.plan.Cohorts)),
	}
	var err error
	switch r.plan.Scenario.Publish.Via {
	case ViaHTTP:
		p.send, p.idle, err = httpPublish(r)
	case ViaCommand:
		p.send = commandPublish(&r.plan.Scenario.Publish, r.plan.Topics)
	}
	return p, err
}

// close lets go of what publishing needed.
func (p *publisher) close() { p.idle() }

// swap hands over the Tally since the last swap.
func (p *publisher) swap() *Tally {
	p.mu.Lock()
	defer p.mu.Unlock()
	full := p.tally
	p.tally, p.spare = p.spare, full
	p.tally.reset()
	return full
}

// interruptedAnswers is how long an interrupted run waits for the answers to
// what it has published: events that were cut off halfway would be neither
// published nor lost.
const interruptedAnswers = time.Second

// lingering is a context that ends when ctx has ended for this long.
func lingering(ctx context.Context, long time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(long, cancel) })
	return longer, func() { stop(); cancel() }
}

// publish runs the schedule from start on. It ends early with ctx, and returns
// when the last event has been answered.
func (p *publisher) publish(ctx context.Context, start time.Time) {
	answering, cancel := lingering(ctx, interruptedAnswers)
	defer cancel()
	var answers sync.WaitGroup
	defer answers.Wait()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for i := 0; ; i++ {
		offset, ok := p.run.plan.Events(i)
		if !ok {
			return
		}
		due := start.Add(offset)
		if wait := time.Until(due); wait > 0 {
			timer.Reset(wait)
			select {
			case <-timer.C:
			case <-ctx.Done():
				return
			}
		} else if ctx.Err() != nil {
			return
		}
		select {
		case p.slots <- struct{}{}:
			answers.Go(func() {
				p.publishOne(answering, i%len(p.run.plan.Topics), p.run.at(due))
				<-p.slots
			})
		default:
			p.mu.Lock()
			p.tally.Publishes.Unsent++
			p.mu.Unlock()
		}
	}
}

func (p *publisher) publishOne(ctx context.Context, topic int, due int64) {
	book := p.run.books[topic]
	seq := book.issue()
	sent := p.run.now()
	mark := stamp.Stamp{Run: p.run.plan.Run, Topic: uint32(topic), Seq: seq, Due: due, Sent: sent}
	failure := p.send(ctx, topic, p.run.plan.data(mark))
	if failure == "" {
		book.acknowledge(seq, p.run.now())
	} else {
		book.refuse(seq)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if due >= p.run.measureFrom.Load() {
		p.tally.PublishLag.record(time.Duration(sent - due))
	}
	if failure == "" {
		p.tally.Publishes.Published++
		return
	}
	p.tally.Publishes.Refused++
	p.tally.Failures[publishFailure+failure]++
}

// data fills the template of an event's data in.
func (p *Plan) data(s stamp.Stamp) string {
	publish := &p.Scenario.Publish
	values := []string{"stamp", string(stamp.Append(nil, s)), "topic", p.Topics[s.Topic], "seq", strconv.FormatUint(s.Seq, 10), "pad", ""}
	text := fill(publish.Data, values...)
	missing, pads := publish.Size-len(text), strings.Count(publish.Data, "{pad}")
	if missing <= 0 || pads == 0 {
		return text
	}
	values[len(values)-1] = strings.Repeat("x", (missing+pads-1)/pads)
	return fill(publish.Data, values...)
}

// httpPublish publishes by a request that the scenario describes.
func httpPublish(r *run) (send func(context.Context, int, string) Failure, idle func(), err error) {
	publish := &r.plan.Scenario.Publish
	config, err := clientTLS(&r.plan.Scenario.Target.TLS)
	if err != nil {
		return nil, nil, err
	}
	transport := &http.Transport{
		DialContext:         (&net.Dialer{Timeout: publish.Timeout}).DialContext,
		TLSClientConfig:     config,
		MaxIdleConnsPerHost: publish.InFlight,
		DisableCompression:  true,
	}
	client := &http.Client{Transport: transport, CheckRedirect: checkRedirect(r.publishing), Timeout: publish.Timeout}
	tokens := &renewed{credentials: r.publishing, bearer: bearer{stream: publisherStream}}
	return func(ctx context.Context, topic int, data string) Failure {
		request, err := newPublishRequest(ctx, publish, r.plan.Topics[topic], data)
		if err != nil {
			return FailureNetwork
		}
		held, err := tokens.get(ctx)
		if err != nil {
			return FailureToken
		}
		r.publishing.apply(request, held)
		response, err := client.Do(request)
		if err != nil {
			return classify(err)
		}
		defer response.Body.Close()
		io.Copy(io.Discard, io.LimitReader(response.Body, 1<<20))
		if response.StatusCode/100 != 2 {
			return failureStatus(response.StatusCode)
		}
		return ""
	}, transport.CloseIdleConnections, nil
}

func newPublishRequest(ctx context.Context, p *Publish, topic, data string) (*http.Request, error) {
	address, query, hasQuery := strings.Cut(p.URL, "?")
	address = fill(address, "topic", url.PathEscape(topic), "event", url.PathEscape(p.Event))
	if hasQuery {
		address += "?" + fill(query, "topic", url.QueryEscape(topic), "event", url.QueryEscape(p.Event))
	}
	body := fill(p.Body, "topic", topic, "event", p.Event,
		"topic_json", jsonText(topic), "event_json", jsonText(p.Event),
		"data_json", jsonText(data), "data", data)
	request, err := http.NewRequestWithContext(ctx, p.Method, address, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(body, "{") {
		request.Header.Set("Content-Type", "application/json")
	}
	for name, value := range p.Headers {
		request.Header.Set(name, fill(value, "topic", topic, "event", p.Event))
	}
	return request, nil
}

// publisherStream is the stream number of the publisher's own token.
const publisherStream = -1

// renewed is one credential for many requests.
type renewed struct {
	credentials *credentials
	bearer      bearer

	mu   sync.Mutex
	held credential
}

func (r *renewed) get(ctx context.Context) (credential, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.held.good(time.Now()) {
		return r.held, nil
	}
	held, err := r.credentials.get(ctx, r.bearer)
	r.held = held
	return held, err
}

// commandPublish publishes by running a program for every event.
func commandPublish(p *Publish, topics []string) func(context.Context, int, string) Failure {
	return func(ctx context.Context, topic int, data string) Failure {
		ctx, cancel := context.WithTimeout(ctx, p.Timeout)
		defer cancel()
		arguments := make([]string, len(p.Command))
		for i, argument := range p.Command {
			arguments[i] = fill(argument, "topic", topics[topic], "event", p.Event)
		}
		command := exec.CommandContext(ctx, arguments[0], arguments[1:]...)
		command.Stdin = strings.NewReader(data)
		if command.Run() != nil {
			return FailureCommand
		}
		return ""
	}
}

func jsonText(s string) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	// A string always encodes.
	_ = encoder.Encode(s)
	return strings.TrimSuffix(b.String(), "\n")
}
