package conformance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Memory says how much memory the target has in use: by an answer to GET or by
// what a command prints. Of that, the first number counts, or the one behind
// Metric.
//
// What is live is best: what a garbage collector has yet to free counts as kept.
type Memory struct {
	URL string `yaml:"url"`
	// Metric is the name in front of the number, such as
	// process_resident_memory_bytes in what Prometheus scrapes.
	Metric string `yaml:"metric"`
	// Command is a program and its arguments.
	Command []string `yaml:"command"`
	// Unit is how many bytes one stands for. Default 1.
	Unit int64 `yaml:"unit"`
	// Func, unless nil, returns bytes in place of all that.
	Func func(context.Context) (int64, error) `yaml:"-"`
}

func (m *Memory) check() string {
	switch {
	case m == nil || m.Func != nil:
		return ""
	case (m.URL == "") == (len(m.Command) == 0):
		return "give one of url and command"
	case m.Unit < 0:
		return "a unit is a number of bytes"
	}
	return ""
}

// memoryTime bounds one reading.
const memoryTime = 10 * time.Second

// read returns the bytes in use.
func (m *Memory) read(ctx context.Context, client *http.Client) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, memoryTime)
	defer cancel()
	switch {
	case m.Func != nil:
		return m.Func(ctx)
	case len(m.Command) > 0:
		c := exec.CommandContext(ctx, m.Command[0], m.Command[1:]...)
		c.WaitDelay = time.Second
		text, err := c.Output()
		if err != nil {
			return 0, fmt.Errorf("%s: %w", m.Command[0], err)
		}
		return m.find(string(text))
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, m.URL, nil)
	if err != nil {
		return 0, err
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, errors.New(networkProblem(err))
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	switch {
	case err != nil:
		return 0, errors.New(networkProblem(err))
	case response.StatusCode != http.StatusOK:
		return 0, fmt.Errorf("status %d", response.StatusCode)
	}
	return m.find(string(text))
}

var aNumber = regexp.MustCompile(`[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?`)

// find returns the number in a text, in bytes.
func (m *Memory) find(text string) (int64, error) {
	if m.Metric != "" {
		// Comments name it, too.
		line := regexp.MustCompile(`(?m)^\s*"?` + regexp.QuoteMeta(m.Metric) + `\b(?:\{[^}]*\})?(.*)$`).FindStringSubmatch(text)
		if line == nil {
			return 0, fmt.Errorf("nothing is called %s", m.Metric)
		}
		text = line[1]
	}
	n, err := strconv.ParseFloat(aNumber.FindString(text), 64)
	if err != nil {
		return 0, fmt.Errorf("there is no number in %s", quoted(strings.TrimSpace(text)))
	}
	return int64(n * float64(max(m.Unit, 1))), nil
}

// weigh notes what memory the target has in use, if it says so.
func (t *talk) weigh(when string) {
	if t.target.Memory == nil {
		return
	}
	n, err := t.target.Memory.read(t.ctx, t.run.client)
	if err != nil {
		t.stop("memory: %v", err)
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rec.Counts == nil {
		t.rec.Counts = map[string]int{}
	}
	t.rec.Counts[when] = int(n)
}

// What the target's memory is noted under in Counts: before a stream stalls,
// and with the most that is kept for it.
const (
	memoryBefore = "memory_before"
	memoryFull   = "memory_full"
)
