package loadgen

import (
	"io"
	"slices"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// A histogramLog writes the histograms of every interval in HdrHistogram's log
// format: one line per interval and name, with the name as tag and times in
// milliseconds. What is known only at the end has one line for the whole run.
type histogramLog struct {
	w     *hdrhistogram.HistogramLogWriter
	start time.Time
	since time.Time
	err   error // the first; nothing is written after it
}

func newHistogramLog(w io.Writer, start time.Time) (*histogramLog, error) {
	log := hdrhistogram.NewHistogramLogWriter(w)
	for _, write := range []func() error{
		log.OutputLogFormatVersion,
		func() error { return log.OutputStartTime(start.UnixMilli()) },
		log.OutputLegend,
	} {
		if err := write(); err != nil {
			return nil, err
		}
	}
	return &histogramLog{w: log, start: start, since: start}, nil
}

// interval writes what t counted from the last interval until now.
func (l *histogramLog) interval(t *Tally, now time.Time) error {
	err := l.write(l.since, now, []namedLatency{
		{"connect", t.Connect}, {"first_event", t.FirstEvent}, {"fanout", t.fanout()},
		{"publish_lag", t.PublishLag}, {"receive_lag", t.ReceiveLag}, {"service", t.Service},
	})
	l.since = now
	return err
}

// whole writes those of a run's histograms that intervals do not have.
func (l *histogramLog) whole(all []namedLatency) error {
	return l.write(l.start, l.since, slices.DeleteFunc(all, func(h namedLatency) bool {
		return h.name != "fanout_last" && h.name != "fanout_spread" && !strings.HasPrefix(h.name, cohortPrefix)
	}))
}

func (l *histogramLog) write(from, to time.Time, all []namedLatency) error {
	for _, h := range all {
		if l.err != nil || h.Count() == 0 {
			continue
		}
		h.histogram.SetTag(h.name)
		h.histogram.SetStartTimeMs(from.UnixMilli())
		h.histogram.SetEndTimeMs(to.UnixMilli())
		l.err = l.w.OutputIntervalHistogram(h.histogram)
	}
	return l.err
}
