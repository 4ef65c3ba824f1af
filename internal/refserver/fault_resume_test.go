package refserver

import (
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// TestFaultResume looks at what a stream gets that resumes under each fault:
// three events of its topic and one of another came before it, two come after.
func TestFaultResume(t *testing.T) {
	const unknown = `{"reason":"unknown","to":"e-1"}`
	for _, row := range []struct {
		fault, query, header string
		want                 string // the ids, or the data where there is none
	}{
		{"", "", "Last-Event-ID: e-1", "e-2 e-3 e-5 e-6"},
		{"resume-ignored", "", "Last-Event-ID: e-1", "e-5 e-6"},
		{"resume-inclusive", "", "Last-Event-ID: e-2", "e-2 e-3 e-5 e-6"},
		{"resume-inclusive", "", "Last-Event-ID: x", unknown + " e-1 e-2 e-3 e-5 e-6"},
		{"resume-skips", "", "Last-Event-ID: e-1", "e-3 e-5 e-6"},
		{"resume-skips", "", "Last-Event-ID: e-3", "e-5 e-6"},
		{"resume-live-first", "", "Last-Event-ID: e-1", "e-5 e-2 e-3 e-6"},
		{"resume-live-first", "", "X: y", "e-5 e-6"},
		{"resume-loses-live", "", "Last-Event-ID: e-1", "e-2 e-3 e-6"},
		{"resume-loses-live", "", "X: y", "e-5 e-6"},
		{"resume-doubles-live", "", "Last-Event-ID: e-1", "e-2 e-3 e-5 e-5 e-6"},
		{"resume-doubles-live", "", "X: y", "e-5 e-6"},
		{"resume-head-replays", "", "Last-Event-ID: e-3", "e-1 e-2 e-3 e-5 e-6"},
		{"resume-head-replays", "", "Last-Event-ID: e-2", "e-3 e-5 e-6"},
		{"resume-future-mute", "", "Last-Event-ID: e-99", ""},
		{"resume-future-mute", "", "Last-Event-ID: e-1", "e-2 e-3 e-5 e-6"},
		{"resume-unknown-400", "", "Last-Event-ID: x", "400"},
		{"resume-unknown-400", "", "Last-Event-ID: e-1", "e-2 e-3 e-5 e-6"},
		{"resume-malformed-500", "", "Last-Event-ID: abc", "500"},
		{"resume-malformed-500", "", "Last-Event-ID: x-1", unknown + " e-1 e-2 e-3 e-5 e-6"},
		{"resume-malformed-500", "", "Last-Event-ID:", "e-5 e-6"},
		{"resume-empty-zero", "", "Last-Event-ID:", unknown + " e-1 e-2 e-3 e-5 e-6"},
		{"resume-empty-zero", "", "X: y", "e-5 e-6"},
		{"resume-restart-untold", "", "Last-Event-ID: d-1", "e-5 e-6"},
		{"resume-eviction-untold", "", "Last-Event-ID: d-1", unknown + " e-1 e-2 e-3 e-5 e-6"},
		{"resume-header-only", "&lastEventId=e-1", "X: y", "e-5 e-6"},
		{"resume-header-only", "&lastEventId=e-1", "Last-Event-ID: e-2", "e-3 e-5 e-6"},
		{"resume-query-wins", "&last_event_id=e-1", "Last-Event-ID: e-2", "e-2 e-3 e-5 e-6"},
		{"resume-header-latin1", "", "Last-Event-ID: é", unknown + " e-1 e-2 e-3 e-5 e-6"},
		{"resume-header-case", "", "last-event-id: e-1", "e-5 e-6"},
		{"resume-header-case", "", "Last-Event-ID: e-1", "e-2 e-3 e-5 e-6"},
		{"resume-data-only", "", "Last-Event-ID: e-1", "2 3 e-5 e-6"},
		{"resume-all-topics", "", "Last-Event-ID: e-1", "e-2 e-3 e-4 e-5 e-6"},
		{"resume-all-topics", "", "X: y", "e-5 e-6"},
	} {
		t.Run(row.fault+" "+row.query+" "+row.header, func(t *testing.T) {
			s := start(t, Config{Fault: row.fault, Retry: -1})
			for i := range 3 {
				put(t, s, strconv.Itoa(i+1), "t")
			}
			put(t, s, "4", "other")
			c := dial(t, s, "/events?topic=t"+row.query, row.header)
			put(t, s, "5", "t")
			put(t, s, "6", "t")
			if _, err := s.hub.publish(nil, []string{"t", "other"}, true); err != nil {
				t.Fatal(err)
			}
			if got := c.outcome(); got != row.want {
				t.Errorf("%s\nwant %s", got, row.want)
			}
		})
	}
}

// outcome is the status, if it is not 200, or else the ids of the events up to
// the end, or the data of those that have none.
func (c *client) outcome() string {
	if c.resp.StatusCode != http.StatusOK {
		return strconv.Itoa(c.resp.StatusCode)
	}
	var list []string
	for {
		e, err := c.next()
		if err != nil {
			return strings.Join(list, " ")
		}
		if e.ID == "" {
			e.ID = e.Data
		}
		list = append(list, e.ID)
	}
}

func TestFaultEvictionUntold(t *testing.T) {
	s := start(t, Config{Fault: "resume-eviction-untold", Retry: -1, Window: Window{Bytes: 4 << 10}})
	for range 100 {
		put(t, s, strings.Repeat("x", 500), "t")
	}
	c := connect(t, s, "/events?topic=t", "Last-Event-ID: e-1")
	put(t, s, "live", "t")
	c.want(event{ID: "e-101", Data: "live"})
}

// What one stream does has an effect on the next.
func TestFaultResumeAfterAnother(t *testing.T) {
	begin := func(t *testing.T, fault string) *Server {
		s := start(t, Config{Fault: fault, Retry: -1})
		for i := range 4 {
			put(t, s, strconv.Itoa(i+1), "t")
		}
		return s
	}
	numbered := func(from, to int) (list []event) {
		for i := from; i <= to; i++ {
			list = append(list, event{ID: "e-" + strconv.Itoa(i), Data: strconv.Itoa(i)})
		}
		return list
	}
	t.Run("resume-once", func(t *testing.T) {
		s := begin(t, "resume-once")
		connect(t, s, "/events?topic=t", "Last-Event-ID: e-2").want(numbered(3, 4)...)
		again, other := connect(t, s, "/events?topic=t", "Last-Event-ID: e-2"), connect(t, s, "/events?topic=t", "Last-Event-ID: e-1")
		put(t, s, "5", "t")
		again.want(numbered(5, 5)...)
		other.want(numbered(2, 5)...)
	})
	t.Run("resume-shared-place", func(t *testing.T) {
		s := begin(t, "resume-shared-place")
		connect(t, s, "/events?topic=t", "Last-Event-ID: e-3").want(numbered(4, 4)...)
		connect(t, s, "/events?topic=t", "Last-Event-ID: e-1").want(numbered(4, 4)...)
	})
	t.Run("resume-past-written", func(t *testing.T) {
		s := begin(t, "resume-past-written")
		c := connect(t, s, "/events?topic=t", "Last-Event-ID: e-1")
		c.want(numbered(2, 4)...)
		c.close()
		eventually(t, "the stream is gone", subscribers(s, 0))
		c = connect(t, s, "/events?topic=t", "Last-Event-ID: e-1")
		put(t, s, "5", "t")
		c.want(numbered(5, 5)...)
	})
	t.Run("resume-reset-forgets", func(t *testing.T) {
		s := begin(t, "resume-reset-forgets")
		visits := 0
		for _, reset := range []bool{false, true} {
			c := connect(t, s, "/events?topic=t")
			if reset {
				if err := c.conn.(*net.TCPConn).SetLinger(0); err != nil {
					t.Fatal(err)
				}
			}
			c.close()
			eventually(t, "the stream is gone", subscribers(s, 0))
			// The handler looks at the connection after the hub has let it go.
			eventually(t, "what was missed comes, or not", func() bool {
				c := connect(t, s, "/events?topic=t", "Last-Event-ID: e-3")
				defer c.close()
				visits++
				last := "visit " + strconv.Itoa(visits)
				put(t, s, last, "t")
				first, err := c.next()
				for e := first; err == nil && e.Data != last; {
					e, err = c.next()
				}
				return err == nil && (first.ID != "e-4") == reset
			})
			eventually(t, "that stream is gone, too", subscribers(s, 0))
		}
	})
	t.Run("resume-steals", func(t *testing.T) {
		s := begin(t, "resume-steals")
		older, newer := connect(t, s, "/events?topic=t"), connect(t, s, "/events?topic=t")
		put(t, s, "5", "t")
		newer.want(numbered(5, 5)...)
		newer.close()
		eventually(t, "the newer one is gone", subscribers(s, 1))
		put(t, s, "6", "t")
		older.want(numbered(6, 6)...)
		connect(t, s, "/events?topic=t", "Last-Event-ID: e-4").want(numbered(5, 6)...)
	})
}

func TestDataOnly(t *testing.T) {
	for given, want := range map[string]string{
		"id: 1\nevent: x\ndata: a\ndata: b\n\n": "data: a\ndata: b\n\n",
		": comment\n\n":                         ": comment\n\n",
	} {
		if got := string(dataOnly([]byte(given))); got != want {
			t.Errorf("%q becomes %q, want %q", given, got, want)
		}
	}
}
