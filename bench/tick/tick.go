// Package tick is the publisher that all senders share: the same data, at the
// same times.
package tick

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Size is the length of an event's data in bytes, as `ssegauge serve --tick`
// has it: with framing, the event takes about 120 bytes on the wire.
const Size = 88

// Data returns the data of event n: when it was due, in Unix nanoseconds, its
// count, and padding up to size bytes.
func Data(due time.Time, n, size int) string {
	head := fmt.Sprintf(`{"t":%d,"n":%d,"pad":"`, due.UnixNano(), n)
	return head + strings.Repeat("x", max(size-len(head)-2, 0)) + `"}`
}

// Every calls publish with size bytes of data for one event after the other,
// rate of them per second, until ctx ends or publish fails; it returns that error, or nil
// when ctx ended. When it is late it catches up without a pause, and each event
// still says when it was due. A rate of 0 publishes nothing.
func Every(ctx context.Context, rate float64, size int, publish func(data string) error) error {
	if rate <= 0 {
		<-ctx.Done()
		return nil
	}
	start := time.Now()
	for n := 0; ; n++ {
		due := start.Add(time.Duration(float64(n) / rate * float64(time.Second)))
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Until(due)):
		}
		if err := publish(Data(due, n, size)); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
	}
}
