package conformance

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// retryChecks are about the reconnection time.
var retryChecks = []Check{
	{
		ID: "retry.digits", Level: Must, Clause: "WHATWG HTML 9.2.6", Exchange: opening, Also: append([]string{"fields"}, plain...),
		Require: "Every retry line has ASCII digits only.",
		Why:     "Any other value is ignored, and clients keep their own reconnection time.",
		Fix:     "Write whole milliseconds without unit, sign, point or exponent, and refuse a publish with anything else.",
		Judge:   judgeRetryDigits,
	},
	{
		ID: "retry.range", Level: Should, Clause: "practice (WHATWG HTML 9.2.2)", Exchange: opening, Also: plain,
		Require: "The reconnection time is between 100 ms and one hour.",
		Why:     "It is in milliseconds: 3 meant as seconds makes every client come back at once, and a time too long keeps them away.",
		Fix:     "Write milliseconds, such as retry: 3000.",
		Judge: eachRetry(func(ms uint64) string {
			switch {
			case ms == 0:
				return "0 ms, with which clients come back in a storm"
			case ms < 100:
				return fmt.Sprintf("%d ms; are seconds meant?", ms)
			case ms > 3_600_000 && ms <= mostTimer:
				return fmt.Sprintf("%d ms, which is more than an hour", ms)
			}
			return ""
		}),
	},
	{
		ID: "retry.overflow", Level: Should, Clause: "practice (WHATWG HTML 9.2.6)", Exchange: opening, Also: plain,
		Require: "The reconnection time is at most 2147483647 ms.",
		Why:     "Timers keep it in 32 bits with a sign; beyond that it becomes negative or zero, and clients come back at once.",
		Fix:     "Keep the value within 2147483647, best within an hour.",
		Judge: eachRetry(func(ms uint64) string {
			if ms > mostTimer {
				return "more than a timer of 32 bits can hold"
			}
			return ""
		}),
	},
	{
		ID: "retry.present", Level: Should, Clause: "practice (MCP)", Exchange: opening, Also: plain,
		Require: "A stream that the server ends has told a reconnection time before.",
		Why:     "Without one each kind of client has a time of its own, from none to several seconds, and the server has no say in the load.",
		Fix:     "Write a retry line at the beginning of each stream, or with the last event before closing.",
		Judge:   judgeRetryPresent,
	},
	{
		ID: "retry.roundtrip", Level: Should, Clause: "practice (WHATWG HTML 9.2.6)", Exchange: "fields",
		Needs:   []Capability{CanPublishField("retry")},
		Require: "A reconnection time that is published reaches the stream unchanged, or is refused.",
		Why:     "A value that is rounded, converted or dropped makes clients come back at another time than the operator asked for.",
		Fix:     "Take and write whole milliseconds, and refuse what is not accepted.",
		Payloads: []Payload{
			{Fields: Fields{"retry": "12347", "data": "ssegauge-retry-a"}},
			{Fields: Fields{"retry": "2718", "data": "ssegauge-retry-b"}},
		},
		Judge: judgeRetryRoundTrip,
	},
	{
		ID: "retry.spread", Level: Info, Clause: "practice", Exchange: "spread",
		Require: "Streams that end together were told different reconnection times.",
		Why:     "With one time for all, clients that are cut off together come back together.",
		Fix:     "Add a random part to the reconnection time of each stream.",
		Judge:   judgeRetrySpread,
	},
}

// mostTimer is the most milliseconds that a timer of 32 bits with a sign holds.
const mostTimer = 1<<31 - 1

// digits reports whether the text is ASCII digits only, and at least one.
func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// retries returns the lines of the stream that set a reconnection time.
func (c *Connection) retries() []Line {
	return slices.DeleteFunc(slices.Clone(c.lines()), func(l Line) bool {
		name, _ := l.field()
		return name != "retry"
	})
}

const noRetry = "no retry line was seen"

// eachRetry judges the reconnection times that are numbers. What is too large
// for 64 bits counts as their greatest number.
func eachRetry(offends func(ms uint64) string) func(*Transcript) Verdict {
	judge := eachLine("line", func(_ *Transcript, l Line) string {
		name, value := l.field()
		if name != "retry" || !digits(value) {
			return ""
		}
		ms, _ := strconv.ParseUint(value, 10, 64) // out of range gives the greatest
		if problem := offends(ms); problem != "" {
			return quoted(string(l.Text)) + ", " + problem
		}
		return ""
	})
	return func(t *Transcript) Verdict {
		heard := t.heard()
		if len(heard) > 0 && !slices.ContainsFunc(heard, func(c *Connection) bool { return len(c.retries()) > 0 }) {
			return untested(noRetry)
		}
		return judge(t)
	}
}

func judgeRetryDigits(t *Transcript) Verdict {
	v := eachLine("line", func(_ *Transcript, l Line) string {
		if name, value := l.field(); name == "retry" && value != "" && !digits(value) {
			return quoted(string(l.Text))
		}
		return ""
	})(t)
	if v.met != isMet {
		return v
	}
	seen := false
	for _, c := range t.heard() {
		for _, l := range c.retries() {
			seen = true
			if _, value := l.field(); value == "" {
				// Whether no digit is "only digits" is open to reading.
				return told("a retry line is empty; clients ignore it").branch("empty").show(l.evidence(c))
			}
		}
	}
	refused := slices.ContainsFunc(t.published(), (*Publication).refused)
	switch {
	case refused:
		return passed("refused")
	case !seen:
		return untested(noRetry)
	}
	return passed("")
}

func judgeRetryPresent(t *Transcript) Verdict {
	if profiled(t, "openai") {
		return untested("nobody comes back in this profile: a stream is the answer to one request")
	}
	ended := 0
	for _, c := range t.streams() {
		if !c.End.byPeer() {
			continue
		}
		ended++
		if len(c.retries()) == 0 {
			return missed("the server ended a stream on which no retry line came").show(c.endEvidence())
		}
	}
	if ended == 0 {
		return untested("the server ended no stream; control: finish in the target file makes it end one")
	}
	return passed("")
}

func judgeRetryRoundTrip(t *Transcript) Verdict {
	published := t.published()
	if len(published) == 0 {
		return t.unmet("nothing was published")
	}
	refused := 0
	for _, p := range published {
		if p.refused() {
			refused++
			continue
		}
		_, c, arrived := t.between(p, "stream")
		if !p.Accepted || !arrived {
			return unknown(t, p)
		}
		var others []string
		found := false
		for _, l := range c.retries() {
			_, value := l.field()
			found = found || value == p.Fields["retry"]
			others = append(others, value)
		}
		if !found {
			v := missed("retry %s was accepted, and no such line came", p.Fields["retry"]).show(c.endEvidence())
			if len(others) > 0 {
				v.Observed += "; those that came: " + strings.Join(others, ", ")
			}
			return v
		}
	}
	if refused > 0 {
		return passed("refused")
	}
	return passed("unchanged")
}

func judgeRetrySpread(t *Transcript) Verdict {
	count := map[string]int{}
	streams := 0
	for _, c := range t.streams() {
		if lines := c.retries(); len(lines) > 0 {
			_, value := lines[len(lines)-1].field()
			count[value]++
			streams++
		}
	}
	switch {
	case streams < 2:
		return t.unmet("fewer than two streams were told a reconnection time")
	case len(count) == 1:
		return missed("all of %s were told the same", counted(streams, "stream")).branch("same")
	}
	return told("%s for %s", counted(len(count), "value"), counted(streams, "stream")).branch("spread")
}
