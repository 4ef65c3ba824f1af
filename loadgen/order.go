package loadgen

import "time"

// tenths is into how many parts the streams are divided by the order in which
// they open.
const tenths = 10

// A ConnectOrder tells whether streams that opened early get their events
// earlier: the sum and number of the fan-out latencies in each tenth of the
// streams, in the order of opening. Means of sums add up; percentiles of tenths
// would not.
type ConnectOrder [tenths]latencySum

type latencySum struct {
	sum   time.Duration
	count int64
}

func (o *ConnectOrder) record(tenth uint8, latency time.Duration) {
	o[tenth].sum += latency
	o[tenth].count++
}

func (o *ConnectOrder) add(other *ConnectOrder) {
	for i := range o {
		o[i].sum += other[i].sum
		o[i].count += other[i].count
	}
}

// Means are the mean fan-out latencies of the tenths in seconds; 0 where none
// was recorded.
func (o *ConnectOrder) Means() [tenths]float64 {
	var means [tenths]float64
	for i, part := range o {
		if part.count > 0 {
			means[i] = part.sum.Seconds() / float64(part.count)
		}
	}
	return means
}
