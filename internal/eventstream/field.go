package eventstream

import (
	"math"
	"time"
)

// fieldValue returns the value of line if its field is called name: what
// follows the first colon, less one space. A line without a colon is a field
// with an empty value.
func fieldValue(line []byte, name string) (value []byte, ok bool) {
	n := len(name)
	if len(line) < n || string(line[:n]) != name {
		return nil, false
	}
	if len(line) == n {
		return nil, true
	}
	if line[n] != ':' {
		return nil, false
	}
	value = line[n+1:]
	if len(value) > 0 && value[0] == ' ' {
		value = value[1:]
	}
	return value, true
}

// parseRetry returns the reconnection time that a retry field gives in
// milliseconds: ASCII digits, read in base ten, and at least one of them.
func parseRetry(value []byte) (time.Duration, bool) {
	const most = math.MaxInt64 / int64(time.Millisecond)
	var ms int64
	for _, c := range value {
		if c < '0' || c > '9' {
			return 0, false
		}
		// Beyond most the number is only kept from growing: the remaining
		// characters must still be digits.
		if ms <= most {
			ms = ms*10 + int64(c-'0')
		}
	}
	if len(value) == 0 {
		return 0, false
	}
	if ms > most {
		return math.MaxInt64, true
	}
	return time.Duration(ms) * time.Millisecond, true
}
