package loadgen

import (
	"io"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// A histogramLog writes the histograms of every interval in HdrHistogram's log
// format: one line per interval and name, with the name as tag and times in
// milliseconds.
type histogramLog struct {
	w     *hdrhistogram.HistogramLogWriter
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
	return &histogramLog{w: log, since: start}, nil
}

// interval writes what t counted from the last interval until now.
func (l *histogramLog) interval(t *Tally, now time.Time) error {
	if l.err != nil {
		return l.err
	}
	for _, h := range []namedLatency{
		{"connect", t.Connect}, {"first_event", t.FirstEvent}, {"fanout", t.fanout()},
		{"publish_lag", t.PublishLag}, {"receive_lag", t.ReceiveLag}, {"service", t.Service},
	} {
		if h.Count() == 0 {
			continue
		}
		h.histogram.SetTag(h.name)
		h.histogram.SetStartTimeMs(l.since.UnixMilli())
		h.histogram.SetEndTimeMs(now.UnixMilli())
		if l.err = l.w.OutputIntervalHistogram(h.histogram); l.err != nil {
			return l.err
		}
	}
	l.since = now
	return nil
}
