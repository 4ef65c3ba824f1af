package loadgen

import (
	"fmt"
	"net/http"
	"runtime"
	"sort"
	"time"

	"github.com/ssegauge/ssegauge/internal/publicurl"
)

// An Explanation says what a plan will do, before it does it. Its JSON form is
// what `ssegauge explain --json` writes. Times count from the start of their
// phase, in seconds: those of streams from the start of opening, those of events
// from the start of publishing.
type Explanation struct {
	SchemaVersion int    `json:"schema_version"`
	Scenario      string `json:"scenario"`
	Description   string `json:"description,omitempty"`
	// Target is the URL of the streams, with *** for what a query says beyond
	// {topic} and {stream}: it may be secret.
	Target    string `json:"target"`
	Transport string `json:"transport"`
	// PublishFirst is set when streams open while events are published, and not
	// before.
	PublishFirst       bool              `json:"publish_first"`
	OpenTimeoutSeconds float64           `json:"open_timeout_seconds"`
	WarmupSeconds      float64           `json:"warmup_seconds"`
	DurationSeconds    float64           `json:"duration_seconds"`
	DrainSeconds       float64           `json:"drain_seconds"`
	Drill              string            `json:"drill,omitempty"` // in words
	Openings           []OpeningStage    `json:"openings"`
	Publishing         PublishingPlan    `json:"publishing"`
	Cohorts            []CohortPlan      `json:"cohorts"`
	Tokens             []TokenPlan       `json:"tokens"`
	Preflight          Preflight         `json:"preflight"`
	Thresholds         []string          `json:"thresholds"`
	Streams            []ExplainedStream `json:"streams"`
}

// An OpeningStage moves the number of open streams evenly.
type OpeningStage struct {
	FromSeconds float64 `json:"from_seconds"`
	ToSeconds   float64 `json:"to_seconds"`
	From        int     `json:"from"`
	To          int     `json:"to"`
}

// PublishingPlan is what is published.
type PublishingPlan struct {
	Via    string        `json:"via"`
	Topics int           `json:"topics"`
	Bytes  int           `json:"bytes"` // of an event's data, at least
	Rates  []RateStretch `json:"rates"`
	// Events are due in all, WarmupEvents of them in the warm-up.
	Events       int `json:"events"`
	WarmupEvents int `json:"warmup_events"`
	// Deliveries are expected in all: each event, once for each stream of its
	// topic that is open by plan when it is due.
	Deliveries int `json:"deliveries"`
}

// A RateStretch moves the rate of events evenly.
type RateStretch struct {
	FromSeconds   float64 `json:"from_seconds"`
	ToSeconds     float64 `json:"to_seconds"`
	FromPerSecond float64 `json:"from_per_second"`
	ToPerSecond   float64 `json:"to_per_second"`
	Events        int     `json:"events"`
}

// A CohortPlan is a group of streams, and what they do besides reading.
type CohortPlan struct {
	Name              string  `json:"name"`
	Streams           int     `json:"streams"`
	CutEverySeconds   float64 `json:"cut_every_seconds,omitempty"`
	StallAfterSeconds float64 `json:"stall_after_seconds,omitempty"`
	StallForSeconds   float64 `json:"stall_for_seconds,omitempty"`
}

// A TokenPlan says which tokens a kind of request carries. It holds no secret.
type TokenPlan struct {
	Of     string `json:"of"`     // "streams" or "publishing"
	Source string `json:"source"` // in words
	Send   string `json:"send,omitempty"`
}

// An ExplainedStream is one stream.
type ExplainedStream struct {
	Cohort       string   `json:"cohort"`
	Topics       []string `json:"topics"`
	OpenSeconds  float64  `json:"open_seconds"`
	CloseSeconds *float64 `json:"close_seconds"` // null: at the end of the run
}

// Explain says what p will do. It reads the files that the plan names, of tokens
// and keys, and contacts nobody.
func (p *Plan) Explain() (*Explanation, error) {
	s := p.Scenario
	e := &Explanation{
		SchemaVersion: SchemaVersion, Scenario: s.Name, Description: s.Description,
		Target: publicurl.Of(s.Target.URL), Transport: TransportPortable,
		PublishFirst: p.PublishFirst, OpenTimeoutSeconds: s.Streams.OpenTimeout.Seconds(),
		WarmupSeconds: s.Warmup.Seconds(), DurationSeconds: s.Duration.Seconds(), DrainSeconds: s.Drain.Seconds(),
		Openings: p.explainOpenings(), Publishing: p.explainPublishing(), Cohorts: p.explainCohorts(),
		Preflight: p.Preflight(), Thresholds: []string{},
	}
	if s.onLoops(runtime.GOOS) {
		e.Transport = TransportLoops
	}
	if s.Drill != nil {
		e.Drill = s.Drill.text()
	}
	for _, t := range s.Thresholds {
		e.Thresholds = append(e.Thresholds, t.Expression)
	}
	for i, stream := range p.Streams {
		explained := ExplainedStream{Cohort: p.Cohorts[stream.Cohort], Topics: p.topicNames(i), OpenSeconds: stream.Open.Seconds()}
		if stream.Close > 0 {
			seconds := stream.Close.Seconds()
			explained.CloseSeconds = &seconds
		}
		e.Streams = append(e.Streams, explained)
	}
	for _, of := range []struct {
		what string
		auth *Auth
	}{{"streams", &s.Target.Auth}, {"publishing", publisherAuth(s)}} {
		if of.what == "publishing" && s.Publish.Via != ViaHTTP {
			continue
		}
		tokens, err := explainTokens(of.auth)
		if err != nil {
			return nil, err
		}
		tokens.Of = of.what
		e.Tokens = append(e.Tokens, tokens)
	}
	return e, nil
}

func (p *Plan) explainOpenings() []OpeningStage {
	s := &p.Scenario.Streams
	if len(s.Stages) == 0 {
		return []OpeningStage{{ToSeconds: s.Ramp.Seconds(), To: s.Count}}
	}
	var stages []OpeningStage
	var at time.Duration
	open := 0
	for _, stage := range s.Stages {
		stages = append(stages, OpeningStage{at.Seconds(), (at + stage.Duration).Seconds(), open, stage.Count})
		at += stage.Duration
		open = stage.Count
	}
	return stages
}

func (p *Plan) explainPublishing() PublishingPlan {
	s := p.Scenario
	plan := PublishingPlan{Via: s.Publish.Via, Topics: len(p.Topics), Bytes: s.Publish.Size}
	if s.Publish.Via == ViaNone {
		return plan
	}
	plan.Events = p.Events.Len()
	plan.WarmupEvents = p.dueBefore(s.Warmup)
	plan.Deliveries = p.deliveries()
	total := (s.Warmup + s.Duration).Seconds()
	for _, l := range lines(p.rates(), total) {
		end := min(l.start+l.length, total)
		part := (end - l.start) / l.length
		plan.Rates = append(plan.Rates, RateStretch{
			FromSeconds: l.start, ToSeconds: end,
			FromPerSecond: l.from, ToPerSecond: l.from + (l.to-l.from)*part,
			Events: p.dueBefore(seconds(end)) - p.dueBefore(seconds(l.start)),
		})
	}
	return plan
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// dueBefore counts the events that are due before a time.
func (p *Plan) dueBefore(at time.Duration) int {
	return sort.Search(p.Events.Len(), func(i int) bool {
		due, _ := p.Events(i)
		return due >= at
	})
}

// deliveries counts each event once for each stream that is to receive it.
func (p *Plan) deliveries() int {
	events := p.Events.Len()
	sum := 0
	for i := range p.Streams {
		s := &p.Streams[i]
		from, to := 0, events
		if p.PublishFirst {
			from = p.dueBefore(s.Open + 1)
			if s.Close > 0 {
				to = max(from, p.dueBefore(s.Close))
			}
		}
		for _, topic := range s.Topics {
			sum += p.eventsOf(topic, to) - p.eventsOf(topic, from)
		}
	}
	return sum
}

// eventsOf counts the events of a topic among the first n.
func (p *Plan) eventsOf(topic uint32, n int) int {
	all := len(p.Topics)
	return (n + all - 1 - int(topic)) / all
}

func (p *Plan) explainCohorts() []CohortPlan {
	cohorts := make([]CohortPlan, len(p.Cohorts))
	for i, name := range p.Cohorts {
		b := p.behaviour(i)
		cohorts[i] = CohortPlan{Name: name, CutEverySeconds: b.CutEvery.Seconds()}
		if b.Stall != nil {
			cohorts[i].StallAfterSeconds, cohorts[i].StallForSeconds = b.Stall.After.Seconds(), b.Stall.For.Seconds()
		}
	}
	for _, s := range p.Streams {
		cohorts[s.Cohort].Streams++
	}
	return cohorts
}

// explainTokens says where tokens come from, and finds out whether they can.
func explainTokens(a *Auth) (TokenPlan, error) {
	if _, err := newCredentials(a, http.DefaultClient); err != nil {
		return TokenPlan{}, err
	}
	plan := TokenPlan{Send: a.Send}
	switch {
	case a.Token != "":
		plan.Source = "the same token for all"
	case a.File != "":
		tokens, err := readTokens(a.File)
		if err != nil {
			return plan, err
		}
		plan.Source = fmt.Sprintf("%d of %s, in turn", len(tokens), a.File)
	case a.JWT != nil:
		plan.Source = fmt.Sprintf("minted JWTs (%s) of the subject %s, good for %s", a.JWT.Method, a.JWT.Subject, shortSeconds(a.JWT.TTL.Seconds()))
	case a.OAuth2 != nil:
		plan.Source = "client credentials from " + publicurl.Of(a.OAuth2.TokenURL)
	default:
		return TokenPlan{Source: "none"}, nil
	}
	return plan, nil
}
