package loadgen

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ssegauge/ssegauge/internal/nearest"
)

// A Threshold is a condition on the report, written as METRIC OPERATOR VALUE:
// "fanout.p99 < 250ms", "events.lost == 0". A latency is compared with a
// duration, everything else with a number. With a cohort's name and a colon in
// front, "stalled:events.lost == 0", it is about that cohort alone.
type Threshold struct {
	Expression string
	cohort     string
	metric     string
	operator   string
	value      float64 // seconds for a latency
}

// UnmarshalText reads a Threshold as it is written in files. An unknown metric
// is an error that names the nearest known one.
func (t *Threshold) UnmarshalText(text []byte) error {
	parsed, value, err := parseComparison(string(text))
	if err == nil {
		parsed.value, err = parseThresholdValue(parsed.metric, value)
	}
	if err != nil {
		return fmt.Errorf("threshold %q: %w", strings.TrimSpace(string(text)), err)
	}
	*t = parsed
	return nil
}

// parseComparison reads all but the value, which it returns as it is written.
func parseComparison(text string) (t Threshold, value string, err error) {
	expression := strings.TrimSpace(text)
	at := strings.IndexAny(expression, "<>=!")
	if at < 0 {
		return t, "", errors.New("expected METRIC OPERATOR VALUE, such as fanout.p99 < 250ms")
	}
	length := len(expression[at:]) - len(strings.TrimLeft(expression[at:], "<>=!"))
	metric, operator, value := strings.TrimSpace(expression[:at]), expression[at:at+length], strings.TrimSpace(expression[at+length:])
	if !slices.Contains(operators, operator) {
		return t, "", fmt.Errorf("unknown operator %q; known operators: %s", operator, strings.Join(operators, " "))
	}
	cohort, rest, hasCohort := strings.Cut(metric, ":")
	if hasCohort {
		metric = rest
	} else {
		cohort = ""
	}
	known := Metrics(hasCohort)
	if !slices.Contains(known, metric) {
		return t, "", fmt.Errorf("unknown metric %q%s; known metrics: %s", metric, nearest.Hint(metric, known), strings.Join(known, ", "))
	}
	return Threshold{Expression: expression, cohort: cohort, metric: metric, operator: operator}, value, nil
}

// MarshalText writes the expression.
func (t Threshold) MarshalText() ([]byte, error) { return []byte(t.Expression), nil }

var operators = []string{"<", "<=", ">", ">=", "==", "!="}

func parseThresholdValue(metric, text string) (float64, error) {
	if isLatency(metric) {
		d, err := time.ParseDuration(text)
		if err != nil {
			return 0, fmt.Errorf("%s is compared with a duration such as 250ms, found %q", metric, text)
		}
		return d.Seconds(), nil
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(n) {
		return 0, fmt.Errorf("%s is compared with a number, found %q", metric, text)
	}
	return n, nil
}

func isLatency(metric string) bool {
	name, statistic, _ := strings.Cut(metric, ".")
	return strings.HasPrefix(metric, recoveryPrefix) || slices.Contains(latencyNames, name) && statistic != "count"
}

// UpperLimit is the latency that the threshold bounds from above, such as fanout,
// and the bound in seconds; ok is false when it demands something else.
func (t Threshold) UpperLimit() (latency string, seconds float64, ok bool) {
	latency, _, _ = strings.Cut(t.metric, ".")
	return latency, t.value, isLatency(t.metric) && strings.HasPrefix(t.operator, "<")
}

// Metrics lists what a Threshold can be about. A cohort has the metrics
// that are recorded for each one apart.
func Metrics(cohort bool) []string {
	var names []string
	latencies := latencyNames
	if cohort {
		latencies = []string{"fanout"}
	}
	for _, l := range latencies {
		for _, s := range statistics {
			names = append(names, l+"."+s.name)
		}
	}
	for _, c := range deliveryCounts {
		names = append(names, "events."+c.name)
	}
	if !cohort {
		for _, c := range publishCounts {
			names = append(names, "events."+c.name)
		}
		for _, c := range streamCounts {
			names = append(names, "streams."+c.name)
		}
		for _, t := range new(BackTimes).named() {
			names = append(names, recoveryPrefix+t.name)
		}
	}
	return names
}

// A ThresholdResult is what became of a Threshold.
type ThresholdResult struct {
	Expression string `json:"expression"`
	// Observed is nil when there was nothing to compare: no sample was
	// recorded. The threshold is then not met.
	Observed *float64 `json:"observed"`
	OK       bool     `json:"ok"`
}

func (t Threshold) judge(r *Report) ThresholdResult {
	result := ThresholdResult{Expression: t.Expression}
	observed, ok := r.metric(t.cohort, t.metric)
	if !ok {
		return result
	}
	result.Observed, result.OK = &observed, holds(observed, t.operator, t.value)
	return result
}

func holds(a float64, operator string, b float64) bool {
	switch operator {
	case "<":
		return a < b
	case "<=":
		return a <= b
	case ">":
		return a > b
	case ">=":
		return a >= b
	case "==":
		return a == b
	}
	return a != b
}
