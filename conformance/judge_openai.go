package conformance

import (
	"encoding/json"
	"slices"
)

// onChat judges the stream that answers a chat completion.
func onChat(judge func(*Transcript, *Connection) Verdict) func(*Transcript) Verdict {
	return func(t *Transcript) Verdict {
		c := t.named("chat")
		switch {
		case c == nil || c.Responded == 0:
			return untested("no response came%s", because(c))
		case !c.isStream():
			return untested("POST is not answered with a stream (see openai.post)")
		}
		return judge(t, c)
	}
}

// onWholeChat is onChat for a stream whose end was seen.
func onWholeChat(judge func(*Transcript, *Connection) Verdict) func(*Transcript) Verdict {
	return onChat(func(t *Transcript, c *Connection) Verdict {
		if !c.End.byPeer() && markers(c) == 0 {
			return t.unmet("the stream was read no further, and had not ended")
		}
		return judge(t, c)
	})
}

// markers counts the end markers of a stream.
func markers(c *Connection) int {
	n := 0
	for _, e := range c.events() {
		if e.Data == doneMarker {
			n++
		}
	}
	return n
}

// A chatChunk is what the checks look at in a chunk.
type chatChunk struct {
	Choices []struct {
		FinishReason *string `json:"finish_reason"`
	} `json:"choices"`
	Error json.RawMessage `json:"error"`
}

// chunkOf reads the data of an event; ok tells whether it is a JSON object.
func chunkOf(e Event) (chunk chatChunk, ok bool) {
	var object map[string]json.RawMessage
	if json.Unmarshal([]byte(e.Data), &object) != nil || object == nil {
		return chatChunk{}, false
	}
	_ = json.Unmarshal([]byte(e.Data), &chunk) // fields of other types stay empty
	return chunk, true
}

// hasError reports whether the event tells an error.
func hasError(e Event) bool {
	chunk, ok := chunkOf(e)
	return ok && len(chunk.Error) > 0 && string(chunk.Error) != "null"
}

func judgeChatDone(_ *Transcript, c *Connection) Verdict {
	switch {
	case markers(c) > 0:
		return passed("")
	case slices.ContainsFunc(c.events(), hasError):
		return untested("the answer failed: the stream tells an error")
	}
	return missed("the stream ends without it").expect("data: [DONE]").show(c.endEvidence())
}

func judgeChatDoneLast(_ *Transcript, c *Connection) Verdict {
	events := c.events()
	at := slices.IndexFunc(events, func(e Event) bool { return e.Data == doneMarker })
	switch n := markers(c); {
	case n == 0:
		return untested("there is none (see openai.done.present)")
	case n > 1:
		return missed("it comes %d times", n).show(c.bodyEvidence(events[at].Offset, events[at].Offset+60))
	case at < len(events)-1:
		return missed("%s after it", quotedAll(events[at+1:])).show(c.bodyEvidence(events[at].Offset, events[at].Offset+160))
	}
	return passed("")
}

func judgeChatCloses(t *Transcript, c *Connection) Verdict {
	for _, e := range c.events() {
		if e.Data != doneMarker {
			continue
		}
		if !c.End.byPeer() || c.Ended-e.At > t.allowing(closingTime) {
			return missed("%s after it, the response had not ended", seconds(c.Ended-e.At)).
				expect("the end within %s", seconds(closingTime)).show(c.endEvidence())
		}
		return passed("")
	}
	return untested("there is none (see openai.done.present)")
}

func judgeChatChunks(t *Transcript, c *Connection) Verdict {
	for _, l := range c.lines() {
		if name, value := l.field(); name == "event" {
			return missed("an event has the type %s", quoted(value)).expect("no event field").show(l.evidence(c))
		}
	}
	chunks := 0
	for _, e := range c.events() {
		if e.Data == doneMarker {
			continue
		}
		if _, ok := chunkOf(e); !ok {
			return missed("the data %s is no JSON object", quoted(e.Data)).show(c.bodyEvidence(e.Offset, e.Offset+120))
		}
		chunks++
	}
	if chunks == 0 {
		return t.unmet("the stream had no chunk")
	}
	return passed("")
}

func judgeChatFinish(t *Transcript, c *Connection) Verdict {
	chunks := 0
	for _, e := range c.events() {
		if e.Data == doneMarker {
			break
		}
		chunk, ok := chunkOf(e)
		if !ok {
			return untested("a chunk is no JSON object (see openai.chunks.json)")
		}
		if hasError(e) {
			return untested("the answer failed: the stream tells an error")
		}
		chunks++
		for _, choice := range chunk.Choices {
			if choice.FinishReason != nil {
				return passed(*choice.FinishReason)
			}
		}
	}
	if chunks == 0 {
		return t.unmet("the stream had no chunk")
	}
	return missed("none of %s has a finish_reason", counted(chunks, "chunk")).show(c.endEvidence())
}

func judgeChatStall(t *Transcript, c *Connection) Verdict {
	most := stallTime(t.Facts.Heartbeat)
	longest, at := c.longestSilence(markers(c) == 0)
	if longest > t.allowing(most) {
		return missed("%s of silence while the answer was not finished", seconds(longest)).
			expect("a comment at the latest after %s", seconds(most)).show(c.bodyEvidence(at-40, at+40))
	}
	return passed("")
}

func judgeChatPost(t *Transcript) Verdict {
	post, get := t.named("chat"), t.named("get")
	switch {
	case post == nil || post.Responded == 0:
		return untested("no response came%s", because(post))
	case post.Status == 401 || post.Status == 403 || post.Status == 404 || post.Status == 429:
		return untested("POST is refused with %d; do url, model and token fit?", post.Status)
	case !post.isStream():
		return missed("POST with a JSON body is answered with %d and %s", post.Status, quoted(post.essence())).
			expect("200 with a stream").show(post.headEvidence())
	case get == nil || get.Responded == 0:
		return untested("GET was not answered%s", because(get))
	case get.Status/100 == 2:
		return missed("GET is answered with %d and %s", get.Status, quoted(get.essence())).expect("405").show(get.headEvidence())
	case get.Status == 401 || get.Status == 403 || get.Status == 405:
		return passed("GET is refused")
	}
	return missed("GET is answered with %d", get.Status).as(Should).expect("405").show(get.headEvidence())
}

func judgeChatErrors(t *Transcript) Verdict {
	early := t.named("malformed")
	switch {
	case early == nil || early.Responded == 0:
		return untested("a request that is not JSON was not answered%s", because(early))
	case early.Status/100 == 2:
		return missed("a request that is not JSON is answered with %d and %s", early.Status, quoted(early.essence())).
			branch("before the stream").expect("a status of 4xx").show(early.headEvidence(), early.bodyEvidence(0, 120))
	}
	late := t.named("failing")
	switch {
	case late == nil:
		return passed("before the stream; to see a failure within it, add openai: failing to the target file")
	case late.Responded == 0:
		return untested("the request that fails halfway was not answered%s", because(late))
	case !late.isStream():
		return passed("before the stream, twice")
	case !late.End.byPeer():
		return missed("the stream that fails does not end").branch("within the stream").show(late.endEvidence())
	case late.decode().rest < len(late.bytes()):
		return missed("the stream that fails ends within a line").branch("within the stream").show(late.endEvidence())
	case !slices.ContainsFunc(late.events(), hasError):
		return missed("the stream that fails ends without an error").branch("within the stream").
			expect(`data: {"error":…}`).show(late.endEvidence())
	}
	return passed("before and within the stream")
}

func judgeChatComments(_ *Transcript, c *Connection) Verdict {
	n := 0
	for _, l := range c.lines() {
		if l.comment() {
			n++
		}
	}
	if n == 0 {
		return told("no comment in %s", counted(len(c.events()), "event")).branch("none")
	}
	return told("%s among %s", counted(n, "comment"), counted(len(c.events()), "event")).branch("some")
}
