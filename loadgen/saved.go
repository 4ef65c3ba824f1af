package loadgen

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// A Saved is a run that was saved: its report and, where the histogram log is
// beside it, its histograms.
type Saved struct {
	*Report
	Path string
	// Fanout are the fan-out latencies of each interval that has some, in the
	// order of time, and Whole the run's histograms by the names of its .hgrm
	// files. Both are nil without a log.
	Fanout []Distribution
	Whole  map[string]*Latency
}

// A Distribution is what a Latency has recorded, without room for more: buckets
// in ascending order, with none that is empty.
type Distribution []Bucket

// A Bucket has the durations that a histogram does not tell apart.
type Bucket struct {
	Upper time.Duration // the longest of them
	Count int64
}

// OpenSaved reads a run from its folder, or from its summary.json, beside which
// the log is looked for.
func OpenSaved(path string) (*Saved, error) {
	r, err := LoadReport(path)
	if err != nil {
		return nil, err
	}
	s := &Saved{Report: r, Path: path}
	folder := path
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		folder = filepath.Dir(path)
	}
	log, err := os.Open(filepath.Join(folder, LogFile))
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	defer log.Close()
	if err := s.read(hdrhistogram.NewHistogramLogReader(log)); err != nil {
		return nil, fmt.Errorf("%s: %w", log.Name(), err)
	}
	return s, s.check(log.Name())
}

func (s *Saved) read(log *hdrhistogram.HistogramLogReader) error {
	s.Whole = map[string]*Latency{}
	one := newLatency() // of our own geometry, whoever wrote the log
	for {
		h, err := log.NextIntervalHistogram()
		if err != nil || h == nil {
			return err
		}
		one.reset()
		one.Add(&Latency{histogram: h, min: math.MaxInt64})
		whole := s.Whole[h.Tag()]
		if whole == nil {
			whole = newLatency()
			s.Whole[h.Tag()] = whole
		}
		whole.Add(one)
		if h.Tag() != "fanout" {
			continue
		}
		var d Distribution
		for b := range one.buckets() {
			d = append(d, Bucket{time.Duration(b.highest), b.count})
		}
		s.Fanout = append(s.Fanout, d)
	}
}

// check demands that the log is that of the report, and gives its histograms
// the exact extremes that the report has.
func (s *Saved) check(log string) error {
	for _, l := range s.Latency.named() {
		whole := s.Whole[l.name]
		switch {
		case whole == nil && l.of.Count == 0:
			continue
		case whole == nil:
			delete(s.Whole, l.name) // a log of a version that did not have it
			continue
		case whole.Count() != l.of.Count:
			return fmt.Errorf("%s has %d samples of %s, %s has %d: they are not of the same run", log, whole.Count(), l.name, SummaryFile, l.of.Count)
		}
		whole.min, whole.max = seconds(l.of.Min), seconds(l.of.Max)
	}
	for i := range s.Cohorts {
		if whole := s.Whole[cohortPrefix+s.Cohorts[i].Name]; whole != nil {
			whole.min, whole.max = seconds(s.Cohorts[i].Fanout.Min), seconds(s.Cohorts[i].Fanout.Max)
		}
	}
	return nil
}

// Pool puts rounds of the same run together: it adds their counts and their
// histograms, so that percentiles are those of all samples. Every round has its
// log. Of the rest of a report, the pool has nothing.
func Pool(rounds []*Saved) *Report {
	if len(rounds) == 1 {
		return rounds[0].Report
	}
	pool := &Report{}
	for _, l := range pool.Latency.named() {
		*l.of = sum(rounds, l.name).Summary()
	}
	for _, r := range rounds {
		pool.Streams.add(&r.Streams)
		pool.Events.PublishCounts.add(&r.Events.PublishCounts)
		pool.Events.DeliveryCounts.add(&r.Events.DeliveryCounts)
	}
	for _, c := range rounds[0].Cohorts {
		cohort := CohortReport{Name: c.Name, Fanout: sum(rounds, cohortPrefix+c.Name).Summary()}
		for _, r := range rounds {
			for i := range r.Cohorts {
				if r.Cohorts[i].Name == c.Name {
					cohort.Events.add(&r.Cohorts[i].Events)
				}
			}
		}
		pool.Cohorts = append(pool.Cohorts, cohort)
	}
	return pool
}

func sum(rounds []*Saved, name string) *Latency {
	total := newLatency()
	for _, r := range rounds {
		if h := r.Whole[name]; h != nil {
			total.Add(h)
		}
	}
	return total
}
