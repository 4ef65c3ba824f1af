package loadgen

import (
	"cmp"
	"math/rand/v2"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Plan is a Scenario worked out: when each stream opens and closes, and when
// each event is due. Nothing runs yet.
type Plan struct {
	Scenario *Scenario
	// Run tells this run's events from those of any other.
	Run     uint32
	Cohorts []string
	Topics  []string
	Streams []PlannedStream
	// Events are due this long after the start of publishing; event i goes to
	// topic i modulo their number.
	Events Schedule
	// PublishFirst is set when the streams' schedule starts together with the
	// publishing, not before it.
	PublishFirst bool
}

// A PlannedStream is one stream of a Plan.
type PlannedStream struct {
	Cohort int
	// Topics are indices into the plan's.
	Topics []uint32
	// Open is counted from the start of opening. Close is counted likewise; 0
	// means at the end of the run.
	Open, Close time.Duration
}

// NewPlan works out s, which Load has checked.
func NewPlan(s *Scenario) *Plan {
	p := &Plan{Scenario: s, Run: rand.Uint32(), PublishFirst: len(s.Streams.Stages) > 0}
	p.Streams = planOpenings(&s.Streams)
	p.planTopics()
	p.Events = Ramps(p.rates(), s.Warmup+s.Duration)
	if s.Publish.Via == ViaNone {
		p.Events = Spread(0, 0)
	}
	return p
}

// rates are the stages of the publishing rate, one if it is constant.
func (p *Plan) rates() []RateStage {
	publish := &p.Scenario.Publish
	if len(publish.Stages) == 0 {
		return []RateStage{{Rate: publish.Rate}}
	}
	return publish.Stages
}

func planOpenings(s *Streams) []PlannedStream {
	if len(s.Stages) > 0 {
		return planStages(s.Stages)
	}
	opens := Spread(s.Count, s.Ramp)
	streams := make([]PlannedStream, s.Count)
	for i := range streams {
		streams[i].Open, _ = opens(i)
	}
	return streams
}

// planStages opens and closes streams so that their number follows the stages.
func planStages(stages []CountStage) []PlannedStream {
	var streams []PlannedStream
	var open []int
	var at time.Duration
	for _, s := range stages {
		from := len(open)
		for k := range max(s.Count-from, 0) {
			due, _ := Spread(s.Count-from, s.Duration)(k)
			open = append(open, len(streams))
			streams = append(streams, PlannedStream{Open: at + due})
		}
		for k := range max(from-s.Count, 0) {
			due, _ := Spread(from-s.Count, s.Duration)(k)
			last := len(open) - 1
			// 0 would mean the end of the run.
			streams[open[last]].Close = max(at+due, 1)
			open = open[:last]
		}
		at += s.Duration
	}
	return streams
}

// planTopics gives every stream its cohort and topics. Streams of the same
// topics share one slice.
func (p *Plan) planTopics() {
	s := &p.Scenario.Streams
	cohorts := s.Cohorts
	if len(cohorts) == 0 {
		cohorts = []Cohort{{Name: "all", Count: len(p.Streams)}}
	}
	for _, c := range cohorts {
		p.Cohorts = append(p.Cohorts, c.Name)
	}
	index := map[string]uint32{}
	shared := map[string][]uint32{}
	dealt := make([]int, len(cohorts))
	for i := range p.Streams {
		c := deal(cohorts, dealt, i, len(p.Streams))
		templates := cohorts[c].Topics
		if len(templates) == 0 {
			templates = s.Topics
		}
		names := make([]string, len(templates))
		for k, template := range templates {
			names[k] = fill(template, "stream", strconv.Itoa(i))
		}
		key := strings.Join(names, "\x00")
		topics, ok := shared[key]
		if !ok {
			for _, name := range names {
				n, known := index[name]
				if !known {
					n = uint32(len(p.Topics))
					index[name] = n
					p.Topics = append(p.Topics, name)
				}
				if !slices.Contains(topics, n) {
					topics = append(topics, n)
				}
			}
			shared[key] = topics
		}
		p.Streams[i].Cohort, p.Streams[i].Topics = c, topics
	}
}

// deal chooses the cohort of stream i so that cohorts are mixed evenly: the one
// that is furthest behind its share.
func deal(cohorts []Cohort, dealt []int, i, total int) int {
	best, bestLack := 0, -1.0
	for c := range cohorts {
		if lack := float64(cohorts[c].Count)*float64(i+1)/float64(total) - float64(dealt[c]); lack > bestLack && dealt[c] < cohorts[c].Count {
			best, bestLack = c, lack
		}
	}
	dealt[best]++
	return best
}

// behaviour is how the streams of a cohort behave.
func (p *Plan) behaviour(cohort int) Behaviour {
	s := &p.Scenario.Streams
	if len(s.Cohorts) == 0 {
		return s.Behaviour
	}
	return s.Cohorts[cohort].Behaviour
}

// topicNames are the names of a planned stream's topics.
func (p *Plan) topicNames(i int) []string {
	names := make([]string, len(p.Streams[i].Topics))
	for k, t := range p.Streams[i].Topics {
		names[k] = p.Topics[t]
	}
	return names
}

// URL is the address of stream i: the target's with {stream} and {topic} filled
// in, and the query parameter that holds {topic} repeated for every topic.
func (p *Plan) URL(i int) (*url.URL, error) {
	topics := p.topicNames(i)
	base, query, hasQuery := strings.Cut(p.Scenario.Target.URL, "?")
	base = fill(base, "stream", strconv.Itoa(i), "topic", url.PathEscape(topics[0]))
	if hasQuery {
		var parameters []string
		for _, parameter := range strings.Split(query, "&") {
			parameter = fill(parameter, "stream", strconv.Itoa(i))
			repeat := topics
			if !strings.Contains(parameter, "{topic}") {
				repeat = topics[:1]
			}
			for _, topic := range repeat {
				parameters = append(parameters, fill(parameter, "topic", url.QueryEscape(topic)))
			}
		}
		base += "?" + strings.Join(parameters, "&")
	}
	return url.Parse(base)
}

// fill replaces {name} by the value that follows it in pairs. What a value
// holds is not looked at again.
func fill(template string, pairs ...string) string {
	if !strings.Contains(template, "{") {
		return template
	}
	braced := make([]string, len(pairs))
	for i := 0; i < len(pairs); i += 2 {
		braced[i], braced[i+1] = "{"+pairs[i]+"}", pairs[i+1]
	}
	return strings.NewReplacer(braced...).Replace(template)
}

// A change is a stream that opens or closes.
type change struct {
	at     time.Duration
	stream int
	close  bool
}

// changes lists all openings and closings by time.
func (p *Plan) changes() []change {
	var changes []change
	for i, s := range p.Streams {
		changes = append(changes, change{at: s.Open, stream: i})
		if s.Close > 0 {
			changes = append(changes, change{s.Close, i, true})
		}
	}
	slices.SortStableFunc(changes, func(a, b change) int { return cmp.Compare(a.at, b.at) })
	return changes
}
