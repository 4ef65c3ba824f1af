package refserver

import (
	"strconv"
	"strings"
	"time"

	"github.com/tmaxmax/go-sse"
)

// tick publishes on the schedule of Config.Tick until the server shuts down.
// When it is late it catches up without a pause, and each event still says
// when it was due.
func (s *Server) tick() {
	t := s.cfg.Tick
	start := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	<-timer.C
	for n := 0; ; n++ {
		due := start.Add(time.Duration(float64(n) / t.Rate * float64(time.Second)))
		if wait := time.Until(due); wait > 0 {
			timer.Reset(wait)
			select {
			case <-s.ctx.Done():
				return
			case <-timer.C:
			}
		} else if s.ctx.Err() != nil {
			return
		}
		m := &sse.Message{}
		m.AppendData(tickData(due, n, t.Size))
		if _, err := s.hub.publish(m, []string{t.Topic}, false); err != nil {
			// The topic was finished, or there are too many; what was due
			// now is refused like any other publish.
			s.hub.reject("tick")
		}
	}
}

// tickData returns the data of tick n, padded to size bytes.
func tickData(due time.Time, n, size int) string {
	head := `{"t":` + strconv.FormatInt(due.UnixNano(), 10) + `,"n":` + strconv.Itoa(n)
	pad := size - len(head) - len(`,"pad":""}`)
	if pad < 0 {
		return head + "}"
	}
	return head + `,"pad":"` + strings.Repeat("x", pad) + `"}`
}
