package loadgen

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ssegauge/ssegauge/internal/eventstream"
)

// SchemaVersion is the version of the report's JSON form.
const SchemaVersion = 1

// A Verdict is the answer of a run.
type Verdict string

// Verdicts. Invalid means that the figures are those of the generator, not of
// the target; it beats the other two.
const (
	Pass    Verdict = "pass"
	Fail    Verdict = "fail"
	Invalid Verdict = "invalid"
)

// A Report is the result of a run. Its JSON form is summary.json.
type Report struct {
	SchemaVersion int     `json:"schema_version"`
	Scenario      string  `json:"scenario"`
	Verdict       Verdict `json:"verdict"`
	// Reasons say why the verdict is not pass, and what else a reader of the
	// figures must know.
	Reasons     []string     `json:"reasons"`
	Interrupted bool         `json:"interrupted,omitempty"`
	Streams     StreamCounts `json:"streams"`
	Events      EventCounts  `json:"events"`
	Latency     Latencies    `json:"latency_seconds"`
	// ConnectOrder has the mean fan-out latency of each tenth of the streams,
	// in the order in which they opened, in seconds.
	ConnectOrder [tenths]float64 `json:"connect_order_seconds"`
	Cohorts      []CohortReport  `json:"cohorts,omitempty"`
	// Recovery is set when the scenario has a drill.
	Recovery   *Recovery            `json:"recovery,omitempty"`
	Thresholds []ThresholdResult    `json:"thresholds"`
	Findings   eventstream.Findings `json:"findings"`
	// UnderLoad is what was odd of it, by the check that finds the same.
	UnderLoad []Finding `json:"findings_under_load"`
	// Failures count what ended or prevented streams and publishes, by kind.
	Failures    map[Failure]uint64 `json:"failures"`
	Generator   Generator          `json:"generator"`
	Environment Environment        `json:"environment"`
	Phases      []PhaseStart       `json:"phases"`
	// Series are the intervals of the run, at most 360: a long run has longer
	// ones.
	Series []Interval `json:"series"`
	// Curves are the distributions of all histograms that have samples, by the
	// names of the .hgrm files.
	Curves map[string]Curve `json:"percentile_curves"`

	histograms []namedLatency
}

// Latencies are the summaries of a run's histograms.
type Latencies struct {
	Connect      Summary `json:"connect"`
	FirstEvent   Summary `json:"first_event"`
	Fanout       Summary `json:"fanout"`
	FanoutLast   Summary `json:"fanout_last"`   // per event, from due to its last receiver
	FanoutSpread Summary `json:"fanout_spread"` // per event, from its first receiver to its last
	PublishLag   Summary `json:"publish_lag"`
	ReceiveLag   Summary `json:"receive_lag"`
	Service      Summary `json:"service"` // fanout without the publish lag
}

func (l *Latencies) named() []struct {
	name string
	of   *Summary
} {
	return []struct {
		name string
		of   *Summary
	}{
		{"connect", &l.Connect}, {"first_event", &l.FirstEvent}, {"fanout", &l.Fanout},
		{"fanout_last", &l.FanoutLast}, {"fanout_spread", &l.FanoutSpread},
		{"publish_lag", &l.PublishLag}, {"receive_lag", &l.ReceiveLag},
		{"service", &l.Service},
	}
}

var latencyNames = func() (names []string) {
	for _, l := range new(Latencies).named() {
		names = append(names, l.name)
	}
	return names
}()

// A namedLatency is a histogram that a report can write out.
type namedLatency struct {
	name string
	*Latency
}

// Histogram is the one behind a summary, by its name in the JSON form; with a
// cohort, the cohort's. A report that LoadReport read has none, and gives nil.
func (r *Report) Histogram(cohort, name string) *Latency {
	if cohort != "" {
		name += "-" + cohort
	}
	for _, h := range r.histograms {
		if h.name == name {
			return h.Latency
		}
	}
	return nil
}

// A CohortReport is what a report says of one cohort.
type CohortReport struct {
	Name   string         `json:"name"`
	Fanout Summary        `json:"fanout"`
	Events DeliveryCounts `json:"events"`
}

// Generator says how the load was made, and what it cost.
type Generator struct {
	Transport        string  `json:"transport"`
	Loops            int     `json:"loops"`
	CPUFraction      float64 `json:"cpu_fraction"` // of all processors of the machine
	RSSBytes         int64   `json:"rss_bytes"`    // largest; 0 when the system does not say
	BytesPerStream   int64   `json:"bytes_per_stream"`
	KernelTimestamps bool    `json:"kernel_timestamps"`
}

// Environment says where and when a run was made.
type Environment struct {
	Version         string    `json:"version"`
	Go              string    `json:"go"`
	OS              string    `json:"os"`
	Kernel          string    `json:"kernel"`
	CPUs            int       `json:"cpus"`
	Started         time.Time `json:"started"`
	DurationSeconds float64   `json:"duration_seconds"`
}

// Metric is the value of what a threshold can be about, by the name that it has
// there: a time is in seconds. ok is false when no sample was recorded for it,
// or the report has no such metric or cohort.
func (r *Report) Metric(name string) (value float64, ok bool) {
	cohort, metric, has := strings.Cut(name, ":")
	if !has {
		return r.metric("", name)
	}
	for i := range r.Cohorts {
		if r.Cohorts[i].Name == cohort {
			return r.metric(cohort, metric)
		}
	}
	return 0, false
}

// metric is the value that a threshold is compared with; ok is false when no
// sample was recorded for it.
func (r *Report) metric(cohort, name string) (value float64, ok bool) {
	events, latencies := &r.Events.DeliveryCounts, r.Latency
	for i := range r.Cohorts {
		if cohort != "" && r.Cohorts[i].Name == cohort {
			events = &r.Cohorts[i].Events
			latencies = Latencies{Fanout: r.Cohorts[i].Fanout}
		}
	}
	for _, l := range latencies.named() {
		for _, s := range statistics {
			if name == l.name+"."+s.name {
				return s.of(*l.of), l.of.Count > 0 || s.name == "count"
			}
		}
	}
	if statistic, ok := strings.CutPrefix(name, recoveryPrefix); ok {
		if slowest := r.Recovery.slowest(statistic); slowest != nil {
			return *slowest, true
		}
		return 0, false
	}
	for _, c := range deliveryCounts {
		if name == "events."+c.name {
			return float64(c.of(events)), true
		}
	}
	for _, c := range publishCounts {
		if name == "events."+c.name {
			return float64(c.of(&r.Events.PublishCounts)), true
		}
	}
	for _, c := range streamCounts {
		if name == "streams."+c.name {
			return float64(c.of(&r.Streams)), true
		}
	}
	return 0, false
}

// The names of files in the folder of a run.
const (
	SummaryFile = "summary.json"    // the report's JSON form
	PageFile    = "report.html"     // its HTML form
	LogFile     = "histograms.hlog" // what Options.HistogramLog is for
)

// Save writes the report to the folder, which it makes when it is missing:
// summary.json, report.html, and for every histogram with samples a .hgrm file
// with its percentiles in milliseconds.
func (r *Report) Save(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, SummaryFile), append(text, '\n'), 0o644); err != nil {
		return err
	}
	var page bytes.Buffer
	if err := r.WriteHTML(&page); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, PageFile), page.Bytes(), 0o644); err != nil {
		return err
	}
	for _, h := range r.histograms {
		if h.Count() == 0 {
			continue
		}
		if err := h.saveHGRM(filepath.Join(folder, h.name+".hgrm")); err != nil {
			return err
		}
	}
	return nil
}

func (l *Latency) saveHGRM(path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = l.histogram.PercentilesPrint(file, 5, float64(time.Millisecond))
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	return err
}

// LoadReport reads a report that Save wrote: from its folder, or from the file
// itself.
func LoadReport(path string) (*Report, error) {
	if info, err := os.Stat(path); err != nil {
		return nil, err
	} else if info.IsDir() {
		path = filepath.Join(path, SummaryFile)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := &Report{}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("%s: not a report: %w", path, err)
	}
	if r.SchemaVersion != SchemaVersion {
		return nil, fmt.Errorf("%s: schema_version %d; this program reads %d", path, r.SchemaVersion, SchemaVersion)
	}
	return r, nil
}
