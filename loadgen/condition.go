package loadgen

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// A Condition is what must not be the case when a run is compared with a
// baseline. It is written as a Threshold is, METRIC OPERATOR VALUE, and its
// value may also be a multiple of the baseline's: "fanout.p99 > 1.2x".
type Condition struct {
	Expression string
	// Metric is what it is about, with the cohort in front where there is one.
	Metric string
	// Relative says that the value is a multiple of the baseline's.
	Relative  bool
	threshold Threshold
}

// ParseCondition reads a Condition. An unknown metric is an error that names the
// nearest known one.
func ParseCondition(text string) (Condition, error) {
	t, value, err := parseComparison(text)
	c := Condition{Expression: t.Expression, Metric: t.metric}
	if t.cohort != "" {
		c.Metric = t.cohort + ":" + t.metric
	}
	if factor, ok := strings.CutSuffix(value, "x"); err == nil && ok {
		c.Relative = true
		t.value, err = strconv.ParseFloat(strings.TrimSpace(factor), 64)
		if err != nil || !(t.value >= 0) || math.IsInf(t.value, 0) {
			err = fmt.Errorf("expected a multiple of the baseline such as 1.2x, found %q", value)
		}
	} else if err == nil {
		if t.value, err = parseThresholdValue(t.metric, value); err != nil {
			err = fmt.Errorf("%w; a multiple of the baseline is written 1.2x", err)
		}
	}
	if err != nil {
		return Condition{}, fmt.Errorf("%q: %w", strings.TrimSpace(text), err)
	}
	c.threshold = t
	return c, nil
}

// Holds reports whether the condition is the case. baseline is of no account
// unless it is relative.
func (c Condition) Holds(baseline, value float64) bool {
	limit := c.threshold.value
	if c.Relative {
		limit *= baseline
	}
	return holds(value, c.threshold.operator, limit)
}

// FormatMetric writes a value of a metric in the metric's unit.
func FormatMetric(metric string, value float64) string {
	if _, name, ok := strings.Cut(metric, ":"); ok {
		metric = name
	}
	if isLatency(metric) {
		return formatSeconds(value)
	}
	return strconv.FormatFloat(value, 'f', -1, 64)
}
