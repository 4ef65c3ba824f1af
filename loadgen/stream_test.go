package loadgen

import (
	"fmt"
	"testing"
	"time"

	"github.com/ssegauge/ssegauge/internal/eventstream"
)

func TestReconnection(t *testing.T) {
	for _, c := range []struct {
		name          string
		retry         string // from the server; empty: none
		preset, limit time.Duration
		waits         []time.Duration // after 0, 1, 2… failed attempts in a row
	}{
		{"by default", "", 3 * time.Second, 30 * time.Second, []time.Duration{3 * time.Second, 6 * time.Second, 12 * time.Second, 24 * time.Second, 30 * time.Second, 30 * time.Second}},
		{"as the server says", "100", 3 * time.Second, time.Second, []time.Duration{100 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond, 800 * time.Millisecond, time.Second}},
		{"the server asks for more than the limit", "60000", 3 * time.Second, 30 * time.Second, []time.Duration{time.Minute, time.Minute, time.Minute}},
		{"the server asks for no wait", "0", 3 * time.Second, 5 * time.Millisecond, []time.Duration{0, 2 * time.Millisecond, 4 * time.Millisecond, 5 * time.Millisecond}},
		{"the server asks for ages", "99999999999999999999999", 3 * time.Second, 30 * time.Second, []time.Duration{longestRetry, longestRetry, longestRetry}},
	} {
		for _, jitter := range []float64{0, 0.5, 2} {
			t.Run(fmt.Sprintf("%s, jitter %v", c.name, jitter), func(t *testing.T) {
				s := &stream{decoder: eventstream.NewDecoder(nil)}
				if c.retry != "" {
					s.decoder.Feed([]byte("retry: "+c.retry+"\n\n"), func(eventstream.Event) {})
				}
				r := &Reconnect{Retry: c.preset, Jitter: &jitter, MaxRetry: c.limit}
				for attempts, want := range c.waits {
					s.attempts = attempts
					low, high := time.Duration(1<<62), time.Duration(0)
					for range 200 {
						wait := s.reconnection(r)
						low, high = min(low, wait), max(high, wait)
					}
					most := want + time.Duration(jitter*float64(want))
					if low < want || high > most {
						t.Errorf("after %d failed attempts: %v to %v, want %v to %v", attempts, low, high, want, most)
					}
					if jitter > 0 && want > 0 && high == low {
						t.Errorf("after %d failed attempts: always %v, without a random part", attempts, low)
					}
				}
			})
		}
	}
}
